"""The install lane, on a checkout whose ``start.py`` only pretends."""

import shutil
import subprocess

import pytest

from curator import install_lane
from curator.install_lane import check_install

START = """\
import http.server
import json
import os
import sys
from pathlib import Path

assert " " in str(Path.cwd())
assert "VIRTUAL_ENV" not in os.environ
stamp = Path("stamp")
if not stamp.exists() or {forgets}:
    print("[1/4] The environment", file=sys.stderr)
    stamp.touch()
if sys.argv[1] == "run":
    if {run_fails}:
        sys.exit("the lesson failed")
    Path("build/run").mkdir(parents=True)
    Path("build/run/report.json").write_text("{{}}")
elif {lab_fails}:
    sys.exit("no lab here")
else:
    class Lab(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<title>JupyterLab</title>")
    server = http.server.HTTPServer(("127.0.0.1", 0), Lab)
    url = f"http://127.0.0.1:{{server.server_port}}/lab/tree/00.ipynb?token=abc"
    print(url, flush=True)
    server.serve_forever()
"""


@pytest.fixture
def root(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not there")
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "uncommitted").mkdir()
    return root


def check(root, tmp_path, **faults):
    every = {"forgets": False, "run_fails": False, "lab_fails": False, **faults}
    (root / "start.py").write_text(START.format(**every))
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a: start"],
    ):
        subprocess.run(["git", *words], cwd=root, check=True)
    return {c.name: c.findings for c in check_install(root, tmp_path)}


def test_clone_that_works_passes_three_checks(root, tmp_path):
    found = check(root, tmp_path)
    assert found == {"start.py run 00": (), "start.py lab": (), "second start": ()}
    assert "token=abc" in (tmp_path / "install-lab.log").read_text()


def test_failed_run_shows_what_was_printed_and_ends_the_lane(root, tmp_path):
    found = check(root, tmp_path, run_fails=True)
    assert list(found) == ["start.py run 00"]
    assert "status 1" in found["start.py run 00"][0]
    assert "the lesson failed" in found["start.py run 00"][0]


def test_lab_that_does_not_start_is_found(root, tmp_path):
    found = check(root, tmp_path, lab_fails=True)
    assert "no lab here" in found["start.py lab"][0]


def test_lab_that_never_answers_is_found(root, tmp_path, monkeypatch):
    monkeypatch.setattr(install_lane, "LAB_TIMEOUT_S", 0)
    found = check(root, tmp_path)
    assert "did not answer within 0 s" in found["start.py lab"][0]


def test_second_installation_is_found(root, tmp_path):
    found = check(root, tmp_path, forgets=True)
    assert "installed again" in found["second start"][0]


def test_run_that_never_ends_is_ended(root, tmp_path, monkeypatch):
    monkeypatch.setattr(install_lane, "INSTALL_TIMEOUT_S", 0)
    found = check(root, tmp_path)
    assert "did not end within 0 s" in found["start.py run 00"][0]


def test_folder_without_git_is_copied(root, tmp_path, monkeypatch):
    monkeypatch.setattr(install_lane.shutil, "which", lambda name: None)
    (root / "work").mkdir()
    (root / "work" / "mine.ipynb").touch()
    clone = tmp_path / "clone"
    (root / "start.py").touch()
    assert install_lane._clone(root, clone) == ""
    assert sorted(p.name for p in clone.iterdir()) == ["start.py", "uncommitted"]
