"""Models of two files, and a report that is not made."""

import os
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from ..download import download_file


def download_ir_model(
    model_xml_url: str, destination_folder: str | os.PathLike[str] | None = None
) -> Path:
    """Fetch a model in OpenVINO's format, which is two files.

    Parameters
    ----------
    model_xml_url
        The address of the ``.xml`` file. The weights are fetched from the same address
        with ``.bin`` in its place.
    destination_folder
        The folder to put both in, made if it is not there. The current one if not
        given.

    Returns
    -------
    Path
        Absolute path of the ``.xml`` file.

    Raises
    ------
    DownloadError
        One of them could not be fetched. Neither is there then, unless it was before.
    TypeError, ValueError
        The address is not that of an ``.xml`` file, or the folder is no path.

    Notes
    -----
    Unlike openvino_notebooks: both files are there or none, where a model without
    weights was left; and an address with a query, such as a signature, keeps it.
    Weights that are missing are fetched again beside a model that is there.

    Examples
    --------
    >>> download_ir_model("https://example.org/model.onnx")
    Traceback (most recent call last):
        ...
    ValueError: model_xml_url: expected the address of an .xml file, found \
'https://example.org/model.onnx'.
    """
    parts = urlsplit(str(model_xml_url))
    stem, dot, ending = parts.path.rpartition(".")
    if not dot or ending.lower() != "xml":
        raise ValueError(
            f"model_xml_url: expected the address of an .xml file, found "
            f"{model_xml_url!r}."
        )
    if not isinstance(destination_folder, str | os.PathLike | None):
        raise TypeError(
            "destination_folder: expected a path, found "
            f"{type(destination_folder).__name__}."
        )
    # The description last: where it is, the weights are too.
    weights_url = urlunsplit(parts._replace(path=f"{stem}.bin"))
    name = PurePosixPath(unquote(stem)).name
    folder = Path(destination_folder or ".")
    there = (folder / f"{name}.bin").exists()
    weights = download_file(weights_url, f"{name}.bin", folder)
    try:
        return download_file(str(model_xml_url), f"{name}.xml", folder, False)
    except BaseException:
        if not there:
            weights.unlink(missing_ok=True)
        raise


def collect_telemetry(filename: str = "") -> None:
    """Do nothing: no lesson reports what anybody runs.

    Parameters
    ----------
    filename
        Not looked at.

    Notes
    -----
    Unlike openvino_notebooks: sends nothing.

    Examples
    --------
    >>> collect_telemetry("lesson.ipynb")
    """
