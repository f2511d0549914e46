"""The network: the mirror, the hosts of the published kits, and their certificates."""

import os
import threading
from functools import cached_property
from urllib.parse import urlsplit

import requests

from ..download.session import open_session
from ..errors import DownloadError
from ..kits.catalogue import catalogue
from ..kits.hosts import ONE_ATTEMPT
from ..kits.mirrors import fetch_index
from ..kits.preference import preferred_origin
from .check import Check

KAGGLE = "https://www.kaggle.com"
# The hosts are asked side by side. A name that nothing resolves can take longer than
# the time-out of a connection; nobody waits for it.
ANSWER_S, ALL_ANSWERS_S = 3.0, 5.0
ANSWERED, UNTRUSTED = "answered", "certificate not trusted"


class Connections:
    """What the hosts of the published kits answer; each is asked once."""

    def network(self) -> Check:
        """Look for the mirror, if one is named, and for the hosts."""
        if preferred_origin() == "included":
            return Check("network", True, "not asked: the included kits need none")
        place = os.environ.get("NOTEBOOK_KITS_MIRROR", "")
        if place:
            return _mirror(place)
        silent = [host for host, said in self._said.items() if not said]
        answered = len(self._said) - len(silent)
        found = f"{answered} of the {len(self._said)} hosts of published kits answer"
        if not silent:
            return Check("network", True, found)
        return Check(
            "network",
            bool(answered) or preferred_origin() != "published",
            f"{found}; no answer from {', '.join(silent)}",
            "Nothing to do for the included kits. For the published ones: connect, or "
            "name a folder from 'prefetch' in the variable NOTEBOOK_KITS_MIRROR.",
        )

    def certificates(self) -> Check:
        """Look whether the hosts that answer show a certificate that is trusted."""
        if preferred_origin() == "included" or os.environ.get("NOTEBOOK_KITS_MIRROR"):
            return Check("certificates", True, "not asked: no host is needed")
        answered = sum(bool(said) for said in self._said.values())
        refused = [host for host, said in self._said.items() if said == UNTRUSTED]
        found = f"trusted for {answered} of the {len(self._said)} hosts"
        remedy = ""
        if not answered:
            found = "could not be tried: no host answers"
            remedy = "Nothing to do for the included kits. Look again when connected."
        elif refused:
            found = f"not trusted on this machine: {', '.join(refused)}"
            remedy = (
                "Something on the network intercepts encrypted connections. Ask who "
                "runs it for their root certificate and add it to the system's store "
                "(on Linux also: name its file in SSL_CERT_FILE)."
            )
        return Check("certificates", True, found, remedy)

    @cached_property
    def _said(self) -> dict[str, str]:
        """What each host answered, "" for those that did not."""
        said = dict.fromkeys(_hosts(), "")
        asked = [
            threading.Thread(target=_ask, args=(host, said), daemon=True)
            for host in said
        ]
        for thread in asked:
            thread.start()
        for thread in asked:
            thread.join(ALL_ANSWERS_S)
        return {urlsplit(host).netloc: answer for host, answer in dict(said).items()}


def _mirror(place: str) -> Check:
    try:
        kits = fetch_index(place, ONE_ATTEMPT)
    except DownloadError as error:
        remedy = "Compare NOTEBOOK_KITS_MIRROR with what was announced, or unset it."
        return Check("network", False, f"mirror {place}: {error.reason}", remedy)
    return Check("network", True, f"the mirror {place} has {len(kits)} kits")


def _hosts() -> list[str]:
    """List where the published kits come from, as addresses of the hosts."""
    hosts = set()
    for entry in catalogue().values():
        for file in entry.published.files if entry.published else ():
            addresses = [*file.addresses, *([KAGGLE] if file.kaggle else [])]
            parts = [urlsplit(address) for address in addresses]
            hosts |= {f"{part.scheme}://{part.netloc}" for part in parts}
    return sorted(hosts)


def _ask(host: str, said: dict[str, str]) -> None:
    try:
        with open_session() as session:
            session.head(f"{host}/", timeout=ANSWER_S, allow_redirects=False).close()
    except requests.exceptions.SSLError:
        said[host] = UNTRUSTED
    except requests.RequestException:
        return
    else:
        said[host] = ANSWERED
