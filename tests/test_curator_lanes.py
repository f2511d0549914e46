import pytest

from curator import lanes
from curator.__main__ import main
from curator.checks import Check
from curator.lanes import Checkout, Outcome, run_lanes
from curator.lint import RULES
from curator.sync import BEGIN, END
from fixtures.curator_lessons import CHECKED, code, make_checkout, notebook


@pytest.fixture
def checkout(tmp_path):
    root = make_checkout(
        tmp_path,
        {
            "00-good": notebook(code("print(1)", "1\n", 1, [CHECKED])),
            "01-skipped": ["1 / 0"],
        },
        {"01-skipped": 'cpu_seconds = 1\nskip = {reason = "x", until = 2999-12-31}'},
    )
    (root / "build").mkdir()
    return Checkout(root, root / "build")


def write_tests(checkout, text):
    (checkout.root / "test_it.py").write_text(text)
    quick = "addopts = -p no:hypothesispytest -p no:anyio"
    (checkout.root / "pytest.ini").write_text(f"[pytest]\n{quick}\n")


def counts(outcome):
    return outcome.passed, outcome.failed, outcome.skipped


def test_unit_tests_are_counted(checkout):
    write_tests(
        checkout,
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert False\n"
        "@pytest.mark.skip(reason='x')\n"
        "def test_skipped(): pass\n"
        "def test_error(no_such_fixture): pass\n",
    )
    assert counts(lanes.unit(checkout)) == (1, 2, 1)


def test_further_words_go_to_pytest(checkout):
    write_tests(checkout, "def test_good(): pass\ndef test_bad(): assert False\n")
    chosen = Checkout(checkout.root, checkout.output, ("-k", "good"))
    assert counts(lanes.unit(chosen)) == (1, 0, 0)


def test_unit_lane_without_a_test_fails(checkout):
    write_tests(checkout, "")
    assert counts(lanes.unit(checkout)) == (0, 1, 0)


def test_lessons_are_counted(checkout):
    assert counts(lanes.notebooks(checkout)) == (1, 0, 1)
    assert (checkout.output / "index.html").is_file()


def test_style_counts_rules_tools_and_pages(checkout, capsys):
    (checkout.root / "README.md").write_text(f"{BEGIN}\n{END}\n")
    passed, failed, _ = counts(lanes.style(checkout))
    printed = capsys.readouterr().out
    assert passed + failed == len(RULES) + 3 + 5  # three tools, five pages
    assert "00-good.ipynb: title-page" in printed
    assert "README.md has drifted." in printed
    assert failed >= 3


def test_install_lane_counts_its_checks(checkout, monkeypatch):
    checks = [Check("one"), Check("two", ("wrong",))]
    monkeypatch.setattr("curator.install_lane.check_install", lambda *a: checks)
    assert counts(lanes.install(checkout)) == (1, 1, 0)


def give(monkeypatch, **outcomes):
    quick = {name: lambda checkout, o=o: o for name, o in outcomes.items()}
    monkeypatch.setattr(lanes, "QUICK", quick)


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_totals_stand_alone_on_the_last_line(checkout, monkeypatch, capsys):
    give(monkeypatch, unit=Outcome("unit", 10), style=Outcome("style", 3))
    assert run_lanes(checkout) == 0
    assert last_line(capsys) == "13 passed, 0 failed"


def test_one_failure_fails_all(checkout, monkeypatch, capsys):
    give(monkeypatch, unit=Outcome("unit", 10), style=Outcome("style", 3, 1))
    assert run_lanes(checkout) == 1
    assert last_line(capsys) == "13 passed, 1 failed"


def test_lane_that_cannot_begin_fails_and_the_others_run(checkout, monkeypatch, capsys):
    (checkout.root / "notebooks" / "collection.toml").write_text("")
    monkeypatch.setattr(
        lanes,
        "QUICK",
        {"notebooks": lanes.notebooks, "unit": lambda checkout: Outcome("unit", 1)},
    )
    assert run_lanes(checkout) == 1
    printed = capsys.readouterr().out
    assert "lists no lesson" in printed
    assert printed.endswith("\n1 passed, 1 failed\n")


@pytest.fixture
def bare_machine(monkeypatch):
    """Neither Chromium nor Node nor published files."""
    give(monkeypatch, unit=Outcome("unit", 1))
    monkeypatch.setitem(lanes.LONG, "install", lambda c: Outcome("install", 2))
    monkeypatch.setattr("curator.hub.lane.why_not_here", lambda: "node is missing")
    monkeypatch.setattr(lanes, "CHROMIUM", ("no-such-browser",))
    monkeypatch.delenv("PUBLISHED_FILES", raising=False)
    monkeypatch.delenv("CI", raising=False)


def test_table_names_lanes_that_were_not_run(bare_machine, checkout, capsys):
    assert run_lanes(checkout, everything=True) == 0
    printed = capsys.readouterr().out
    assert "not run, because Chromium is not installed" in printed
    assert "not run, because node is missing" in printed
    assert "not run, because PUBLISHED_FILES is not set" in printed
    assert printed.endswith("\n3 passed, 0 failed\n")


def test_in_ci_only_the_published_lane_may_be_left_out(
    bare_machine, checkout, monkeypatch, capsys
):
    monkeypatch.setenv("CI", "true")
    assert run_lanes(checkout, everything=True) == 1
    assert last_line(capsys) == "3 passed, 2 failed"


def test_browser_lane_counts_what_is_marked(checkout, monkeypatch):
    folder = checkout.root / "tests" / "browser"
    folder.mkdir(parents=True)
    (folder / "test_lab.py").write_text(
        "import pytest\n"
        "@pytest.mark.browser\n"
        "def test_good(): pass\n"
        "def test_of_another_lane(): assert False\n"
    )
    write_tests(checkout, "")
    monkeypatch.setattr(lanes, "CHROMIUM", ("python3",))
    assert counts(lanes.browser(checkout)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("words", "everything", "rest"),
    [
        (["test"], False, ()),
        (["test", "--all"], True, ()),
        (["test", "tests/test_x.py", "-k", "good", "-x"], False, None),
    ],
)
def test_command_hands_its_words_on(tmp_path, monkeypatch, words, everything, rest):
    calls = []
    monkeypatch.setattr(lanes, "run_lanes", lambda *call: calls.append(call) or 0)
    assert main(["--root", str(tmp_path), *words]) == 0
    ((checkout, all_lanes),) = calls
    assert all_lanes is everything
    assert checkout.pytest_arguments == (tuple(words[1:]) if rest is None else rest)
    assert checkout.output == tmp_path / "build" / "test"
