"""The lane that holds a class; the class itself takes minutes and is `test --all`."""

import json
import shutil
import socket
import subprocess
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from websocket import WebSocketConnectionClosedException

from curator.checks import Check
from curator.hub import checks, lane, site
from curator.hub.student import CellFailedError, Kernel, KernelDiedError
from notebook_utils.workspace import checkout


class Socket:
    """Answers a cell with messages that a test tells."""

    def __init__(self, *messages):
        self.messages = list(messages)
        self.asked = ""

    def send(self, text):
        self.asked = json.loads(text)["header"]["msg_id"]

    def recv(self):
        if not self.messages:
            raise WebSocketConnectionClosedException("closed")
        kind, content, *parent = self.messages.pop(0)
        return json.dumps(
            {
                "header": {"msg_type": kind},
                "content": content,
                "parent_header": {"msg_id": parent[0] if parent else self.asked},
            }
        )


BUSY = ("status", {"execution_state": "busy"})
IDLE = ("status", {"execution_state": "idle"})
REPLY = ("execute_reply", {"status": "ok"})


def stream(text, *parent):
    return ("stream", {"text": text}, *parent)


def test_a_cell_is_over_when_it_is_idle_and_has_replied():
    socket = Socket(BUSY, stream("a"), IDLE, stream("late"), REPLY, stream("next"))
    assert Kernel(socket).run("print('a')") == "alate"


def test_what_other_cells_print_is_not_ours():
    socket = Socket(stream("theirs", "another"), REPLY, stream("ours"), IDLE)
    assert Kernel(socket).run("") == "ours"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ({"status": "error", "ename": "NameError", "evalue": "x"}, "NameError: x"),
        ({"status": "aborted"}, "aborted"),  # after an error of the cell before
    ],
)
def test_a_cell_that_fails_is_no_success(reply, message):
    with pytest.raises(CellFailedError, match=message):
        Kernel(Socket(BUSY, ("execute_reply", reply), IDLE)).run("x")


@pytest.mark.parametrize(
    "messages", [[BUSY, ("status", {"execution_state": "restarting"}, "")], [BUSY]]
)
def test_a_kernel_that_dies_is_noticed(messages):
    with pytest.raises(KernelDiedError):
        Kernel(Socket(*messages)).run("x")


class Bystander:
    """A student, with a kernel that does what a test says."""

    name = "student01"

    def __init__(self, run):
        self._run = run

    def kernel(self, path):
        return nullcontext(SimpleNamespace(run=self._run))

    def may_open(self, other):
        return False


@pytest.fixture
def hub(tmp_path):
    return SimpleNamespace(
        place=tmp_path,
        home=lambda name: tmp_path,
        processes=lambda name: [SimpleNamespace(pid=1)],
    )


def refuse(line):
    if "connection_info" in line:
        return '"transport": "ipc"'
    allowed = [*checks.ALLOWED.split("\n")[1:-1], "import"]
    if any(line.startswith(start.partition("{")[0]) for start in allowed):
        return ""
    raise CellFailedError("PermissionError: [Errno 13] Permission denied")


def test_students_that_are_kept_apart_pass(hub, monkeypatch):
    monkeypatch.setattr(checks, "ALLOWED", "\n(Path.home() / 'mine.txt').touch()\n")
    assert checks.check_apart(hub, Bystander(refuse), Bystander(refuse)).passed


def test_everything_that_a_student_can_do_is_told(hub):
    free = Bystander(lambda line: "")
    findings = checks.check_apart(hub, free, free).findings
    forbidden = checks.FORBIDDEN.strip().splitlines()
    assert sum("could do this" in finding for finding in findings) == len(forbidden)
    assert any("could listen" in finding for finding in findings)


def test_settings_are_changed_one_line_at_a_time(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    original = checkout() / "classroom" / "settings.toml"
    settings = shutil.copy(original, state / "settings.toml")
    hub = site.Hub(tmp_path, tmp_path / "log", 3)
    lines = settings.read_text().splitlines()
    assert f"first_uid = {site.FIRST_UID} " in " ".join(lines)
    assert any(line.startswith("students = 3 #") for line in lines)
    assert len(lines) == len(original.read_text().splitlines())
    assert hub.names == ["student01", "student02", "student03"]
    with pytest.raises(ValueError, match="no line for colour"):
        hub.change("colour", 1)


def test_ports_in_a_row_are_free():
    first = site._free_ports(3)
    for port in range(first, first + 3):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


def test_it_says_why_it_cannot_be_run(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Debian" in lane.why_not_here()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda program: None)
    assert lane.why_not_here() == "node is not installed"


@pytest.fixture
def root_lane(monkeypatch):
    """Let the process that holds the class be one that a test describes."""

    def describe(act):
        monkeypatch.setattr(subprocess, "call", act)

    return describe


def test_checks_of_the_other_process_come_back(root_lane, tmp_path):
    found = tmp_path / "hub-checks.json"
    answer = '[{"name": "a", "findings": []}, {"name": "b", "findings": ["wrong"]}]'
    root_lane(lambda command: found.write_text(answer) and 0)
    assert lane.check_hub(tmp_path, tmp_path) == [
        Check("a"),
        Check("b", ("wrong",)),
    ]


def test_a_process_that_breaks_down_is_a_failure(root_lane, tmp_path):
    (tmp_path / "hub-checks.json").write_text("[]")  # of an older run
    root_lane(lambda command: 1)
    (check,) = lane.check_hub(tmp_path, tmp_path)
    assert "status 1" in check.findings[0]


def test_an_install_that_fails_is_told_with_its_last_lines(tmp_path):
    script = tmp_path / "classroom" / "install.sh"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho no network\nexit 3\n")
    script.chmod(0o700)
    check = site.install(tmp_path, tmp_path / "to", tmp_path / "log")
    assert "status 3" in check.findings[0]
    assert "no network" in check.findings[0]
