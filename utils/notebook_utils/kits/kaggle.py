"""Fetch a file that only Kaggle has, through Kaggle's own library."""

from pathlib import Path

from ..download import ExpectedFile
from ..errors import DownloadError, DownloadFailure
from ..files import write_whole


def fetch_from_kaggle(
    handle: str, member: str, target: Path, expected: ExpectedFile
) -> None:
    """Fetch a model and put one of its files in place.

    Parameters
    ----------
    handle
        The model's name at Kaggle, such as ``"owner/model/tfLite/variation"``.
    member
        The name of the file among those of the model.
    target
        Where to put it.
    expected
        The size and checksum it must have.

    Raises
    ------
    DownloadError
        The library is not installed, cannot fetch the model, or fetches another one.
    OSError
        The file cannot be written to `target`.
    """
    try:
        import kagglehub

        original = Path(kagglehub.model_download(handle)) / member
        fault = expected.mismatch(original)
    except Exception as error:  # the library documents none of those it raises
        raise _error(handle, target, str(error), DownloadFailure.REFUSED) from error
    if fault:
        raise _error(handle, target, fault, DownloadFailure.ALTERED)
    with write_whole(target) as file:
        file.write(original.read_bytes())


def _error(
    handle: str, target: Path, fault: str, kind: DownloadFailure
) -> DownloadError:
    reason = f"kagglehub: {handle}: {fault}"
    return DownloadError(
        f"Could not fetch '{target.name}'.\n  {reason}\n"
        f"Check the connection and try again, or put the file at\n  {target}",
        kind=kind,
        reason=reason,
    )
