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

TIMEOUT_S = 300


class KernelDiedError(Exception):
    """The kernel ended while it ran a cell."""


class CellFailedError(Exception):
    """A cell raised an error; the message is its name and text."""


class Student:
    """One student of the hub at an address, with cookies of their own."""

    def __init__(self, hub: str, name: str) -> None:
        self.name = name
        self._hub = hub
        self._server = f"{hub}/user/{name}"
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy: the hub is on this machine

    def __enter__(self) -> "Student":
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def log_in(self, password: str) -> bool:
        """Fill in the form of the first page; tell whether the hub took it."""
        page = f"{self._hub}/hub/login"
        self._session.get(page, timeout=60)
        token = self._xsrf("/hub/")
        form = {"username": self.name, "password": password, "_xsrf": token}
        answer = self._session.post(page, data=form, timeout=60, allow_redirects=False)
        return answer.status_code == requests.codes.found

    def start_server(self) -> float:
        """Wait until JupyterLab answers; return the seconds that it took."""
        started = time.monotonic()
        while time.monotonic() < started + TIMEOUT_S:
            # The hub sends a browser on: to a page that says "wait", or to the server.
            page = self._session.get(f"{self._hub}/hub/spawn", timeout=TIMEOUT_S)
            if page.ok and page.url.startswith(self._server):
                return time.monotonic() - started
            time.sleep(0.3)
        raise TimeoutError(f"{self.name} has no server after {TIMEOUT_S} s.")

    def may_open(self, other: str) -> bool:
        """Tell whether this student can open the server of another one."""
        page = self._session.get(f"{self._hub}/user/{other}/api/status", timeout=60)
        return page.ok and "/user/" in page.url

    def read(self, path: str) -> dict[str, Any]:
        """Return a notebook from the student's folder."""
        return self._request("GET", f"contents/{path}").json()["content"]

    def save(self, path: str, notebook: dict[str, Any]) -> None:
        """Save a notebook in the student's folder."""
        content = {"type": "notebook", "content": notebook}
        self._request("PUT", f"contents/{path}", content)

    def run_lesson(self, path: str) -> None:
        """Run all cells of a notebook."""
        notebook = self.read(path)
        with self.kernel(path) as kernel:
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    kernel.run(cell["source"])

    @contextmanager
    def kernel(self, path: str) -> Iterator["Kernel"]:
        """Open a notebook's kernel; it is shut down at the end if all went well."""
        wanted = {"path": path, "name": path, "type": "notebook"}
        opened = self._request(
            "POST", "sessions", wanted | {"kernel": {"name": "python3"}}
        ).json()
        address = f"{self._server}/api/kernels/{opened['kernel']['id']}/channels"
        request = requests.Request("GET", address)
        socket = create_connection(
            address.replace("http", "ws", 1),
            cookie=get_cookie_header(self._session.cookies, request),
            timeout=TIMEOUT_S,
            http_no_proxy=["*"],
        )
        with closing(socket):
            yield Kernel(socket)  # one that died is being restarted, and cannot be shut
        self._request("DELETE", f"sessions/{opened['id']}")

    def _request(
        self, method: str, path: str, content: dict[str, Any] | None = None
    ) -> requests.Response:
        answer = self._session.request(
            method,
            f"{self._server}/api/{path}",
            json=content,
            headers={"X-XSRFToken": self._xsrf(f"/user/{self.name}/")},
            timeout=TIMEOUT_S,
        )
        answer.raise_for_status()
        return answer

    def _xsrf(self, path: str) -> str:
        """Return the token that a form must bring back, which is kept by path."""
        return self._session.cookies.get("_xsrf", default="", path=path)


class Kernel:
    """The kernel of an open notebook, behind the socket of its channels."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._session = uuid.uuid4().hex

    def run(self, code: str) -> str:
        """Run a cell to its end and return what it printed."""
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
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "version": "5.3"}
        header |= {"session": self._session, "username": ""}
        message = {"header": header, "content": content, "channel": "shell"}
        message |= {"parent_header": {}, "metadata": {}}
        self._socket.send(json.dumps(message))
        return header["msg_id"]

    def _receive(self) -> dict[str, Any]:
        try:
            return json.loads(self._socket.recv())
        except (WebSocketException, OSError, ValueError) as error:
            raise KernelDiedError(f"The kernel does not answer: {error}") from error
