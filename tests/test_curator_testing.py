import os

import pytest

from curator.__main__ import main

UNIT = """\
import pytest

def test_good(): pass
def test_bad(): assert False
@pytest.mark.skip(reason="x")
def test_skipped(): pass
def test_error(no_such_fixture): pass
"""
MARKED = "import pytest\n\n@pytest.mark.{0}\ndef test_good(): {1}\n"
FILES = {
    "style": "test_style.py",
    "site": "test_site.py",
    "notebooks": "test_notebooks.py",
    "install": "test_install.py",
    "published": "test_published.py",
    "browser": "browser/test_lab.py",
    "hub": "hub/test_hub.py",
}
ALL = ("unit", *FILES)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout with tests of each stage."""
    bodies = {"notebooks": "undefined", "published": "pytest.skip('no files')"}
    for mark, name in FILES.items():
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MARKED.format(mark, bodies.get(mark, "pass")))
    (tmp_path / "tests" / "test_unit.py").write_text(UNIT)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests/test_unit.py\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they are slow to load
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p xdist.plugin")
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    return tmp_path


def run(root, capfd, *words):
    """Return the exit status, the counts in the table by stage, and the last lines."""
    status = main(["--root", str(root), "test", *words])
    lines = capfd.readouterr().out.splitlines()
    rows = (line.split() for line in lines[lines.index("") :])
    counts = {row[0]: "/".join(row[1:4]) for row in rows if row[:1] and row[0] in ALL}
    return status, counts, lines


def test_stages_are_added_up(root, capfd):
    (root / "tests" / "test_style.py").write_text("")  # a stage without a test fails
    status, counts, lines = run(root, capfd)
    assert counts == {
        "unit": "1/2/1",
        "style": "0/1/0",
        "site": "1/0/0",
        "notebooks": "0/1/0",
    }
    assert (status, lines[-1]) == (1, "2 passed, 4 failed")


def test_further_words_choose_unit_tests_and_all_adds_the_long_stages(root, capfd):
    (root / "tests" / "test_notebooks.py").write_text(
        MARKED.format("notebooks", "pass")
    )
    status, counts, lines = run(root, capfd, "--all", "-k", "good")
    assert counts == dict.fromkeys(ALL, "1/0/0") | {"published": "0/0/1"}
    assert any(line.startswith("published") and "no files" in line for line in lines)
    assert (status, lines[-1]) == (0, "7 passed, 0 failed")
