"""Running the committed files the way figures are measured: OpenVINO, CPU, f32."""

from pathlib import Path

import openvino as ov
import openvino.properties.hint as hints

# Files that OpenVINO finds beside the one it is asked to read.
WEIGHTS = (".bin", ".pdiparams")


def compiled(model: Path | ov.Model) -> ov.CompiledModel:
    """Return a model compiled for the CPU in f32.

    The default precision depends on the processor (bf16 where there is AVX512-BF16),
    and figures of a card must not.

    Parameters
    ----------
    model : Path or openvino.Model
        A file that OpenVINO reads, or a model it has read.
    """
    core = ov.Core()
    read = core.read_model(model) if isinstance(model, Path) else model
    return core.compile_model(read, "CPU", {hints.inference_precision: ov.Type.f32})


def model_file(folder: Path) -> Path:
    """Return the file of a kit that OpenVINO is asked to read.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    for path in sorted(folder.glob("model.*")):
        if path.suffix not in WEIGHTS:
            return path
    raise FileNotFoundError(f"{folder}: expected a file model.*, found none")
