"""Measure how long YOLOv5n takes for one frame, side by side with PyTorch.

Run by hand from the repository's root, on a machine with nothing else to do:

    python benchmarks/latency.py
    python benchmarks/latency.py --quick     # does it work? the figures mean nothing

Each candidate is measured in a pair with its baseline, turn by turn, and the ratio is
the median of those within the rounds, with a bootstrap interval of 95 %.
"""

import argparse
import logging
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import nncf
import numpy as np
import openvino as ov
import torch

from notebook_utils import load_kit, scenes
from notebook_utils.benchmark import SpeedUp, compare, describe_environment
from notebook_utils.detection import Detections, mean_average_precision
from notebook_utils.models import load_yolov5n, select_boxes

SIZE, QUICK_SIZE = (640, 480), (128, 96)  # width and height of the frame
F32, BF16 = ({"INFERENCE_PRECISION_HINT": kind} for kind in ("f32", "bf16"))
ABSENT = "this processor does not compute in bf16"
# Of the last module all but its convolutions: coordinates need more than 8 bits.
AFTER_THE_NETWORK = r"__module\.model\.24/.*"
APP = "import notebook_utils, openvino.tools.benchmark.main as app; app.main()"
Step = Callable[[], object]
Rows = np.ndarray


@dataclass
class Bench:
    """The network in all its forms, the frame, and how long to measure."""

    folder: Path
    is_quick: bool
    core: ov.Core = field(default_factory=ov.Core)

    def __post_init__(self) -> None:
        kit = load_kit("detection-yolov5n", "included")
        self.size = QUICK_SIZE if self.is_quick else SIZE
        picture_bgr = cv2.imread(str(kit.folder / "picture.jpg"))
        frame_bgr = cv2.resize(picture_bgr, self.size)
        self.frame_rgb = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2RGB)
        self.network = load_yolov5n(kit.folder / "model.pt")
        self.f32_path = self.folder / "f32.xml"
        self.int8_path = self.folder / "int8.xml"
        example = torch.zeros(1, 3, *self.size[::-1])
        model = ov.convert_model(
            self.network, example_input=example, input=[*example.shape]
        )
        ov.save_model(model, self.f32_path, compress_to_fp16=True)
        ov.save_model(self.quantized(), self.int8_path)

    @property
    def has_bf16(self) -> bool:
        """Whether the processor computes in bf16."""
        return "BF16" in self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")

    def quantized(self) -> ov.Model:
        """Return the network in INT8, calibrated on training scenes."""
        count = 1 if self.is_quick else 100
        frames = [scenes.draw_scene(s, *self.size).image for s in range(count)]
        return nncf.quantize(
            self.core.read_model(self.f32_path),
            nncf.Dataset(frames, prepare_float32),
            preset=nncf.QuantizationPreset.MIXED,
            ignored_scope=nncf.IgnoredScope(patterns=[AFTER_THE_NETWORK]),
            subset_size=count,
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                disable_bias_correction=self.is_quick
            ),
        )

    def race(self, baseline: Step, candidate: Step) -> tuple[float, float, SpeedUp]:
        """Return both medians in milliseconds, and the speed-up."""
        found = compare(
            {"baseline": baseline, "candidate": candidate},
            precision=0.005,
            seconds=0.1 if self.is_quick else 30,
        )
        self.load = max(getattr(self, "load", 0.0), found.background_load)
        before, after = found["baseline"].median_ms, found["candidate"].median_ms
        return before, after, found.speedup("candidate")

    def eager(self, network: torch.nn.Module) -> Step:
        """Return the network alone, in PyTorch."""
        images = torch.from_numpy(prepare_float32(self.frame_rgb))

        def step() -> object:
            with torch.inference_mode():
                return network(images)

        return step

    def request(self, path: Path, config: dict[str, str]) -> Step:
        """Return the network alone, in a request whose input is in place."""
        request = self.core.compile_model(path, "CPU", config).create_infer_request()
        images = prepare_float32(self.frame_rgb)
        request.set_input_tensor(ov.Tensor(images, shared_memory=True))
        # The tensor shares the array's memory, so the function keeps the array alive.
        return lambda kept=images: request.infer(share_outputs=True)

    def naive_way(self) -> Step:
        """Return the way from frame to boxes as one would write it first."""

        def step() -> Detections:
            scaled = self.frame_rgb / 255.0
            images = torch.as_tensor(scaled.transpose(2, 0, 1)[np.newaxis]).float()
            with torch.inference_mode():
                return loop_over_boxes(self.network(images)[0].numpy())

        return step

    def frames_in(
        self, path: Path, config: dict[str, str]
    ) -> Callable[[np.ndarray], Rows]:
        """Return a function from a frame to rows, preprocessing in the model."""
        steps = ov.preprocess.PrePostProcessor(self.core.read_model(path))
        tensor = steps.input().tensor()
        tensor.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
        steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
        steps.input().model().set_layout(ov.Layout("NCHW"))
        compiled = self.core.compile_model(steps.build(), "CPU", config)
        request = compiled.create_infer_request()
        return lambda frame: request.infer(
            frame[np.newaxis], share_inputs=True, share_outputs=True
        )[0][0]

    def best_way(self, path: Path, config: dict[str, str]) -> Step:
        """Return the way from frame to boxes with every trick."""
        rows = self.frames_in(path, config)
        return lambda: select_boxes(rows(self.frame_rgb))


def prepare_float32(frame_rgb: np.ndarray) -> np.ndarray:
    """Return the input of the network: (1, 3, height, width), 0 to 1, contiguous."""
    return cv2.dnn.blobFromImage(frame_rgb, 1 / 255)


def loop_over_boxes(rows: Rows) -> Detections:
    """Return what select_boxes does, from a loop in Python."""
    boxes_xywh, scores, classes = [], [], []
    for row in rows[rows[:, 4] > 0.25]:
        x, y, width, height, objectness = map(float, row[:5])
        boxes_xywh.append([x - width / 2, y - height / 2, width, height])
        scores.append(objectness)
        classes.append(int(np.argmax(row[5:])))
    kept = cv2.dnn.NMSBoxes(boxes_xywh, scores, 0.25, 0.5)
    corners = [[x, y, x + w, y + h] for x, y, w, h in (boxes_xywh[i] for i in kept)]
    return Detections(corners, [scores[i] for i in kept], [classes[i] for i in kept])


def print_speedups(bench: Bench) -> None:
    """Print the speed-up of everything over its baseline."""
    preferred = BF16 if bench.has_bf16 else F32
    eager, naive = bench.eager(bench.network), bench.naive_way()
    rows = {
        "PyTorch, fused": lambda: (eager, bench.eager(bench.network.fused())),
        "OpenVINO f32": lambda: (eager, bench.request(bench.f32_path, F32)),
        "OpenVINO bf16": lambda: (eager, bench.request(bench.f32_path, BF16)),
        "OpenVINO INT8": lambda: (eager, bench.request(bench.int8_path, preferred)),
        "frame to boxes, f32": lambda: (naive, bench.best_way(bench.f32_path, F32)),
        "frame to boxes, bf16": lambda: (naive, bench.best_way(bench.f32_path, BF16)),
        "frame to boxes, INT8": lambda: (
            naive,
            bench.best_way(bench.int8_path, preferred),
        ),
    }
    print("| way | PyTorch, ms | this, ms | speed-up | 95 % interval |")
    print("| --- | --- | --- | --- | --- |")
    for name, pair in rows.items():
        if name.endswith("bf16") and not bench.has_bf16:
            print(f"| {name} | absent: {ABSENT} | | | |")
            continue
        before, after, (speedup, low, high) = bench.race(*pair())
        interval = f"{low:.2f} to {high:.2f}"
        print(f"| {name} | {before:.1f} | {after:.1f} | {speedup:.2f} | {interval} |")


def print_accuracy(bench: Bench) -> None:
    """Print what INT8 costs, on held-out scenes."""
    count = 1 if bench.is_quick else 200
    drawn = [scenes.draw_scene(s, *bench.size, held_out=True) for s in range(count)]
    truths = [Detections.of_scene(scene) for scene in drawn]
    print(f"\n| weights, on {count} scenes | mAP@0.5 | mAP@0.75 |")
    print("| --- | --- | --- |")
    for name, path in (("f32", bench.f32_path), ("INT8", bench.int8_path)):
        rows = bench.frames_in(path, F32)
        found = [select_boxes(rows(scene.image), 0.01) for scene in drawn]
        at = [mean_average_precision(found, truths, iou) for iou in (0.5, 0.75)]
        print(f"| {name} | {at[0]:.4f} | {at[1]:.4f} |")


def print_beside_app(bench: Bench) -> None:
    """Print our medians and those of benchmark_app, in alternating runs."""
    ours, theirs = [], []
    step = bench.request(bench.f32_path, F32)
    for _ in range(1 if bench.is_quick else 5):
        found = compare({"request": step}, seconds=0.1 if bench.is_quick else 5)
        ours.append(found["request"].median_ms)
        theirs.append(app_median_ms(bench.f32_path, 1 if bench.is_quick else 5))
    own, app = statistics.median(ours), statistics.median(theirs)
    print(f"\nOwn request {own:.2f} ms, benchmark_app {app:.2f} ms: {own / app:.3f}")


def app_median_ms(path: Path, seconds: int) -> float:
    """Return the median latency that benchmark_app reports."""
    options = ["-d", "CPU", "-hint", "latency", "-infer_precision", "f32"]
    command = [sys.executable, "-c", APP, *options, "-t", str(seconds), "-m", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if "Median:" in line)
    return float(line.split("Median:")[1].split()[0])


def main() -> None:
    """Measure and print the tables of README.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a moment, for CI")
    options = parser.parse_args()
    nncf.set_log_level(logging.WARNING)
    if options.quick:
        torch.set_num_threads(1)  # several wait for one another on a busy machine
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.quick)
        print(f"{describe_environment()}\n")
        print_speedups(bench)
        print_accuracy(bench)
        print_beside_app(bench)
        print(f"Other programs used up to {bench.load:.0%} of the machine meanwhile.")


if __name__ == "__main__":
    main()
