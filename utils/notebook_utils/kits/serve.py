"""Serve a folder, such as a mirror, to the machines of a class. Nothing is written."""

import socket
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ..errors import WorkshopError

LOOPBACK = "127.0.0.1"


class FolderServer(ThreadingHTTPServer):
    """Serves the files of a folder, links that lead out of it excepted.

    It answers GET and HEAD, and nothing else. There is no password: with `public` the
    whole network can read the folder, else this machine alone. Raises WorkshopError
    where there is no such folder, or the port cannot be had.
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0, *, public: bool = False) -> None:
        root = folder.resolve()
        if not root.is_dir():
            raise WorkshopError(f"There is no folder {folder}.")
        self._public = public
        handler = partial(_Handler, directory=str(root))
        try:
            # The local network was asked for by name; else nobody but this machine.
            super().__init__(("0.0.0.0" if public else LOOPBACK, port), handler)  # noqa: S104
        except OSError as error:
            raise WorkshopError(
                f"Cannot listen on port {port}: {error.strerror or error}. Choose "
                "another one with --port."
            ) from error

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up: closing a laptop is no fault."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        """What the machines that use it put into ``NOTEBOOK_KITS_MIRROR``."""
        host = _own_address() if self._public else LOOPBACK
        return f"http://{host}:{self.server_port}"


class _Handler(SimpleHTTPRequestHandler):
    timeout = 60  # a machine that asks for nothing holds no thread for ever

    def translate_path(self, path: str) -> str:
        """Return the file for an address, or a name without a file behind it."""
        found = Path(super().translate_path(path)).resolve()
        root = Path(self.directory)
        nothing = str(root / ".nothing")
        if not found.is_relative_to(root):
            return nothing
        parts = found.relative_to(root).parts
        return nothing if any(part.startswith(".") for part in parts) else str(found)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: thirty machines ask for thirty files each."""


def _own_address() -> str:
    """Return this machine's address in the local network; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as question:
        try:
            question.connect(("192.0.2.1", 9))
            return str(question.getsockname()[0])
        except OSError:  # no network
            return socket.gethostname()
