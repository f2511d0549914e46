from .torchvision_networks import ensure_torchvision as ensure_torchvision
from .torchvision_networks import save_untrained_googlenet as save_untrained_googlenet
from .torchvision_networks import save_untrained_resnet18 as save_untrained_resnet18
from .yolov5n import YOLOv5n as YOLOv5n
from .yolov5n import load_yolov5n as load_yolov5n
from .yolov5n_boxes import select_boxes as select_boxes
