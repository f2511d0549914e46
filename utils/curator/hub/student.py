"""A student as the hub sees one: a browser's requests, without the browser."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import requests
from requests.cookies import get_cookie_header
from websocket import WebSocket, WebSocketException, create_connection

READY_TIMEOUT_S = 300
CELL_TIMEOUT_S = 300
POLL_S = 0.3
_ANSWERED = 200
_REDIRECTED = 302


class KernelDiedError(Exception):
    """The kernel ended while it ran a cell."""


class CellFailedError(Exception):
    """A cell raised an error; the message is its name and text."""


class Student:
    """One student, with cookies of their own.

    Parameters
    ----------
    hub
        The address that the class opens, such as ``"http://127.0.0.1:8000"``.
    name
        The student's name.
    """

    def __init__(self, hub: str, name: str) -> None:
        self.hub = hub
        self.name = name
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy: the hub is on this machine

    def __enter__(self) -> "Student":
        """Return the student."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connections; the server goes on."""
        self._session.close()

    def log_in(self, password: str) -> bool:
        """Fill in the form of the first page.

        Returns
        -------
        bool
            Whether the hub took the password.
        """
        page = f"{self.hub}/hub/login"
        self._session.get(page, timeout=60)
        form = {
            "username": self.name,
            "password": password,
            "_xsrf": self._xsrf("/hub/"),
        }
        answer = self._session.post(page, data=form, timeout=60, allow_redirects=False)
        return answer.status_code == _REDIRECTED

    def start_server(self, timeout_s: float = READY_TIMEOUT_S) -> float:
        """Ask for the server and wait until JupyterLab answers.

        Parameters
        ----------
        timeout_s
            How long to wait at most.

        Returns
        -------
        float
            Seconds that it took.

        Raises
        ------
        TimeoutError
            It did not answer in time.
        """
        started = time.monotonic()
        while time.monotonic() < started + timeout_s:
            # The hub sends a browser on: to a page that says "wait", or to the server.
            page = self._session.get(f"{self.hub}/hub/spawn", timeout=timeout_s)
            if page.status_code == _ANSWERED and page.url.startswith(self._server):
                return time.monotonic() - started
            time.sleep(POLL_S)
        raise TimeoutError(f"{self.name} has no server after {timeout_s:g} s.")

    def may_open(self, other: str) -> bool:
        """Tell whether this student can open the server of another one."""
        page = self._session.get(f"{self.hub}/user/{other}/api/status", timeout=60)
        return page.status_code == _ANSWERED and "/user/" in page.url

    def read(self, path: str) -> dict[str, Any]:
        """Return a notebook from the student's folder."""
        answer = self._request("GET", f"contents/{path}")
        notebook: dict[str, Any] = answer.json()["content"]
        return notebook

    def save(self, path: str, notebook: dict[str, Any]) -> None:
        """Save a notebook in the student's folder."""
        self._request(
            "PUT", f"contents/{path}", {"type": "notebook", "content": notebook}
        )

    @contextmanager
    def kernel(self, path: str) -> Iterator["Kernel"]:
        """Open a notebook's kernel; it is shut down at the end if all went well."""
        wanted = {
            "path": path,
            "name": path,
            "type": "notebook",
            "kernel": {"name": "python3"},
        }
        opened = self._request("POST", "sessions", wanted).json()
        address = f"{self._server}/api/kernels/{opened['kernel']['id']}/channels"
        request = requests.Request("GET", address)
        socket = create_connection(
            address.replace("http", "ws", 1),
            cookie=get_cookie_header(self._session.cookies, request),  # type: ignore[no-untyped-call]
            timeout=CELL_TIMEOUT_S,
            http_no_proxy=["*"],
        )
        with closing(socket):
            yield Kernel(socket)  # one that died is being restarted, and cannot be shut
        self._request("DELETE", f"sessions/{opened['id']}")

    @property
    def _server(self) -> str:
        return f"{self.hub}/user/{self.name}"

    def _request(
        self, method: str, path: str, content: dict[str, Any] | None = None
    ) -> requests.Response:
        answer = self._session.request(
            method,
            f"{self._server}/api/{path}",
            json=content,
            headers={"X-XSRFToken": self._xsrf(f"/user/{self.name}/")},
            timeout=CELL_TIMEOUT_S,
        )
        answer.raise_for_status()
        return answer

    def _xsrf(self, path: str) -> str:
        """Return the token that a form must bring back, which is kept by path."""
        found = (
            cookie.value
            for cookie in self._session.cookies
            if cookie.name == "_xsrf" and cookie.path == path
        )
        return next(found, None) or ""


class Kernel:
    """The kernel of an open notebook.

    Parameters
    ----------
    socket
        Connected to the kernel's channels.
    """

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._session = uuid.uuid4().hex

    def run(self, code: str) -> str:
        """Run a cell to its end.

        Parameters
        ----------
        code
            The cell.

        Returns
        -------
        str
            What it printed.

        Raises
        ------
        CellFailedError
            It raised an error.
        KernelDiedError
            The kernel ended, or nothing came of it for `CELL_TIMEOUT_S`.
        """
        asked = self._send("execute_request", {"code": code})
        printed: list[str] = []
        reply: dict[str, Any] = {}
        idle = False
        while not (reply and idle):
            message = self._receive()
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "restarting":
                raise KernelDiedError("The kernel died and is restarted.")
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind == "stream":
                printed.append(content["text"])
            elif kind == "execute_reply":
                reply = content
            elif kind == "status":
                idle = content["execution_state"] == "idle"
        if reply["status"] != "ok":
            name = reply.get("ename", reply["status"])
            raise CellFailedError(f"{name}: {reply.get('evalue', '')}")
        return "".join(printed)

    def _send(self, kind: str, content: dict[str, Any]) -> str:
        name = uuid.uuid4().hex
        header = {
            "msg_id": name,
            "msg_type": kind,
            "session": self._session,
            "username": "",
            "version": "5.3",
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        self._socket.send(json.dumps(message))
        return name

    def _receive(self) -> dict[str, Any]:
        try:
            message: dict[str, Any] = json.loads(self._socket.recv())
        except (WebSocketException, OSError, ValueError) as error:
            raise KernelDiedError(f"The kernel does not answer: {error}") from error
        return message
