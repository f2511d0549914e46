"""Ask hosts for a file, and remember for ten minutes which of them did not answer.

On a network that swallows everything each question costs its whole time-out. One
question is enough: the next kit, and the next lesson, need not wait again.
"""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..download import RetryPolicy, Wanted, fetch_first
from ..errors import DownloadError
from ..files import write_whole
from ..workspace import cache_dir

SILENCE_S = 600


@dataclass(frozen=True)
class Patience:
    """How long a host is waited for.

    Parameters
    ----------
    timeout
        Seconds to wait for a connection, and for each read.
    retries
        How often a host that fails is asked again.
    insists
        Whether to ask a host that did not answer a few minutes ago.
    """

    timeout: float
    retries: int
    insists: bool


# In a class on a bad network nobody waits: one attempt, three seconds.
UNASKED = Patience(timeout=3, retries=0, insists=False)
ASKED_FOR = Patience(timeout=10, retries=3, insists=True)


def host_of(address: str) -> str:
    """Return the host of an address, with its port where that is given.

    Examples
    --------
    >>> host_of("http://127.0.0.1:8000/model.xml")
    '127.0.0.1:8000'
    """
    return urlsplit(address).netloc.rpartition("@")[2]


class SilentHosts:
    """The hosts that did not answer, in a small file that all processes share.

    Parameters
    ----------
    path
        The JSON file; made when the first host is noted.
    clock
        Returns the seconds since 1970, in step between processes.

    Notes
    -----
    It only saves time, so nothing fails where the file cannot be read or written.

    Examples
    --------
    >>> hosts = SilentHosts(Path("no-such-folder") / "hosts.json")
    >>> hosts.silent_for("https://example.org/model.xml") is None
    True
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock

    def silent_for(self, address: str) -> float | None:
        """Return how long ago the address's host did not answer.

        Parameters
        ----------
        address
            Of any file on that host.

        Returns
        -------
        float or None
            Seconds; None if the host may be asked.
        """
        return self._silent().get(host_of(address))

    def note(self, address: str) -> None:
        """Remember that the address's host did not answer just now."""
        self._write(self._silent() | {host_of(address): 0.0})

    def forget(self, address: str) -> None:
        """Forget what was noted of a host, because it has answered."""
        silent = self._silent()
        if silent.pop(host_of(address), None) is not None:
            self._write(silent)

    def _silent(self) -> dict[str, float]:
        """Return the hosts that are not to be asked, with their age in seconds."""
        try:
            noted = json.loads(self._path.read_text(encoding="utf-8"))
            ages = {host: self._clock() - float(when) for host, when in noted.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
        return {host: age for host, age in ages.items() if 0 <= age < SILENCE_S}

    def _write(self, silent: dict[str, float]) -> None:
        now = self._clock()
        noted = {host: now - age for host, age in silent.items()}
        with suppress(OSError), write_whole(self._path) as file:
            file.write(json.dumps(noted, indent=1).encode())


def silent_hosts() -> SilentHosts:
    """Return this user's memory of the hosts that did not answer."""
    return SilentHosts(cache_dir() / "hosts.json")


def ask(
    addresses: Sequence[str],
    target: Path,
    wanted: Wanted,
    patience: Patience,
    *,
    progress: bool = True,
) -> None:
    """Fetch a file from the first address that gives it whole.

    Parameters
    ----------
    addresses
        Asked in this order.
    target
        The path to put the file at.
    wanted
        The size and hash it must have.
    patience
        How long to wait, and whether to ask hosts that are known to be silent.
    progress
        Show a progress bar.

    Raises
    ------
    DownloadError
        No address gave the file.
    """
    hosts = silent_hosts()
    failures = []
    for address in addresses:
        silent_s = None if patience.insists else hosts.silent_for(address)
        if silent_s is not None:
            failures.append(
                f"{host_of(address)} did not answer {silent_s / 60:.0f} min ago and "
                "is not asked again for ten minutes"
            )
            continue
        try:
            fetch_first(
                [address],
                target,
                wanted,
                RetryPolicy(patience.timeout, patience.retries),
                show_progress=progress,
            )
        except DownloadError as error:
            failures.append(first_failure(error))
            if did_not_answer(error):
                hosts.note(address)
        else:
            hosts.forget(address)
            return
    raise DownloadError(
        f"Could not fetch '{target.name}'.\n  "
        + "\n  ".join(failures)
        + f"\nCheck the connection and try again, or put the file at\n  {target}"
    )


def first_failure(error: DownloadError) -> str:
    """Return the first reason that an error gives, without what to do about it."""
    lines = str(error).splitlines()
    return lines[min(1, len(lines) - 1)].strip().rstrip(".")


def did_not_answer(error: DownloadError) -> bool:
    """Tell a silent host from one that answered, but not with the file."""
    failure = first_failure(error)
    return any(words in failure for words in ("no answer", "no connection"))
