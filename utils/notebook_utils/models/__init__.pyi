from .efficientnet_lite0 import EfficientNetLite0 as EfficientNetLite0
from .efficientnet_lite0 import load_efficientnet_lite0 as load_efficientnet_lite0
from .efficientnet_lite0 import (
    save_untrained_efficientnet_lite0 as save_untrained_efficientnet_lite0,
)
from .torchvision_networks import ensure_torchvision as ensure_torchvision
from .torchvision_networks import save_imagenet_labels as save_imagenet_labels
from .torchvision_networks import save_untrained_googlenet as save_untrained_googlenet
from .torchvision_networks import save_untrained_resnet18 as save_untrained_resnet18
from .yolov5n import YOLOv5n as YOLOv5n
from .yolov5n import load_yolov5n as load_yolov5n
from .yolov5n_boxes import select_boxes as select_boxes
