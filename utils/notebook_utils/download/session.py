"""HTTP requests in this project's name: certificates, redirects and their failures."""

import contextlib
import re
import ssl
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urljoin

import requests
import truststore
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from ..errors import DownloadFailure
from .retry import AttemptError, PermanentError, TransientError

MAX_REDIRECTS = 10


class _SystemTrustAdapter(HTTPAdapter):
    """Believe the certificates that this machine's operating system believes.

    Schools and companies install their own there, which no bundled list has.
    """

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        options["ssl_context"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().init_poolmanager(*arguments, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        options["ssl_context"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return super().proxy_manager_for(proxy, **options)


class _Session(requests.Session):
    """Follow no redirects: requests reads their bodies, however long they are."""

    def resolve_redirects(
        self, *arguments: Any, **options: Any
    ) -> Iterator[requests.Response]:
        return iter(())


def open_session() -> requests.Session:
    """Open a session in this project's name, which follows no redirects by itself."""
    try:
        release = version("inference-workshop")
    except PackageNotFoundError:  # run from a copy that was never installed
        release = "0"
    session = _Session()
    session.headers["User-Agent"] = f"inference-workshop/{release}"
    # A compressed answer has another length than the file and cannot be resumed.
    session.headers["Accept-Encoding"] = "identity"
    session.mount("https://", _SystemTrustAdapter())
    return session


def announced_bytes(
    session: requests.Session, url: str, timeout_s: float
) -> int | None:
    """Ask for a file's size; None if the server cannot be asked or does not say."""
    with (
        contextlib.suppress(AttemptError),
        send_request(session, "HEAD", url, timeout_s) as response,
    ):
        if response.status_code == 200:
            return content_length(response)
    return None


def send_request(
    session: requests.Session,
    method: str,
    url: str,
    timeout_s: float,
    headers: dict[str, str] | None = None,
) -> requests.Response:
    """Send a request and follow its redirects, reading none of their bodies."""
    try:
        for _ in range(MAX_REDIRECTS + 1):
            response = session.request(
                method,
                url,
                headers=headers,
                stream=True,
                timeout=timeout_s,
                allow_redirects=False,
            )
            target = session.get_redirect_target(response)
            if not target:
                return response
            response.close()
            url = urljoin(url, requests.utils.requote_uri(target))
        raise PermanentError(f"redirected more than {MAX_REDIRECTS} times")
    except requests.Timeout as error:
        raise TransientError(
            f"no answer in {timeout_s:g} s", DownloadFailure.UNREACHABLE
        ) from error
    except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL) as error:
        raise PermanentError(f"redirected to an unusable address: {error}") from error
    except requests.ConnectionError as error:
        cause = _deepest_cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise PermanentError(f"its certificate is not trusted: {cause}") from error
        words = getattr(cause, "strerror", None) or cause
        raise TransientError(
            f"no connection: {words}", DownloadFailure.UNREACHABLE
        ) from error
    except (requests.RequestException, HTTPError, ValueError) as error:
        raise PermanentError(f"the answer is not valid HTTP: {error}") from error


def _deepest_cause(error: BaseException) -> BaseException:
    """Return what the system raised, deep below what libraries made of it."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


def content_length(response: requests.Response) -> int | None:
    """Return the file's size; None if it is not given, or is that of an encoding."""
    header = response.headers.get("Content-Length", "").strip()
    is_number = re.fullmatch(r"[0-9]{1,18}", header)
    return int(header) if is_number and not content_encoding(response) else None


def content_encoding(response: requests.Response) -> str:
    """Return how the body is compressed, in lower case; empty if it is not."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    return {"identity": "", "x-gzip": "gzip"}.get(encoding, encoding)
