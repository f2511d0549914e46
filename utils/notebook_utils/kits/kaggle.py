"""Fetch a file that only Kaggle has, through Kaggle's own library."""

from pathlib import Path

from ..download import Wanted
from ..errors import DownloadError
from ..files import write_whole


def fetch_from_kaggle(handle: str, member: str, target: Path, wanted: Wanted) -> None:
    """Fetch a model and put one of its files in place.

    Parameters
    ----------
    handle
        The model's name at Kaggle, such as ``"owner/model/tfLite/variation"``.
    member
        The name of the file among those of the model.
    target
        Where to put it.
    wanted
        The size and hash it must have.

    Raises
    ------
    DownloadError
        The library is not installed, cannot fetch the model, or fetches another one.
    """
    try:
        import kagglehub

        original = Path(kagglehub.model_download(handle)) / member
        fault = wanted.mismatch(original)
        if fault is None:
            with write_whole(target) as file:
                file.write(original.read_bytes())
    except Exception as error:  # the library documents none of those it raises
        fault = str(error)
    if fault:
        raise DownloadError(
            f"Could not fetch '{target.name}'.\n  kagglehub: {handle}: {fault}\n"
            f"Check the connection and try again, or put the file at\n  {target}"
        )
