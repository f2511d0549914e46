"""Workflows, templates and hooks of the repository, as far as they can be judged."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from curator.__main__ import _parser
from curator.collection import read_collection

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.github-issue-forms": [
        GITHUB / "ISSUE_TEMPLATE" / "lesson.yml",
        GITHUB / "ISSUE_TEMPLATE" / "problem.yml",
    ],
}
# What a job may be allowed beside reading, and what for.
WRITES = {
    ("weekly", "propose"): {"contents", "pull-requests"},  # verified kits, a new lock
    ("weekly", "tell"): {"issues"},
    ("weekly", "record"): {"contents"},  # the branch `status`
    ("publish", "push"): {"contents"},  # the branch `published`
    ("publish", "pages"): {"pages", "id-token"},  # the site
}


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs():
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            yield pytest.param(path.stem, name, job, id=f"{path.stem}-{name}")


def steps():
    return [(*p.values[:2], step) for p in jobs() for step in p.values[2]["steps"]]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_have_the_form_that_github_expects(schema):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run(
        [*command, *map(str, SCHEMAS[schema])], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_check_finds_mistakes(tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs:\n  a:\n    steps: [{run: x, uses: y}]\n")
    command = [sys.executable, "-m", "check_jsonschema", str(wrong)]
    command += ["--builtin-schema", "vendor.github-workflows"]
    assert subprocess.run(command, capture_output=True).returncode == 1


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_nothing_else(path):
    assert read(path)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(("workflow", "name", "job"), list(jobs()))
def test_a_job_writes_only_what_it_is_for(workflow, name, job):
    allowed = WRITES.get((workflow, name), set())
    assert {p for p, way in job.get("permissions", {}).items() if way == "write"} == (
        allowed
    )
    if allowed:  # who may write runs nothing that was downloaded
        assert not [s for s in job["steps"] if "pip" in s.get("run", "")]


def test_actions_are_pinned_by_commit_with_the_tag_beside_it():
    pin = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    for path in WORKFLOWS:
        lines = path.read_text(encoding="utf-8").splitlines()
        for line in [line for line in lines if "uses:" in line]:
            assert pin.search(line), f"{path.name}: {line}"


def test_commands_are_commands_of_this_checkout():
    asked = 0
    scripts = [(workflow, step.get("run", "")) for workflow, _, step in steps()]
    for parameters in jobs():
        workflow, _, job = parameters.values
        choices = job.get("strategy", {}).get("matrix", {}).get("include", [])
        scripts += [(workflow, choice.get("command", "")) for choice in choices]
    for workflow, script in scripts:
        for line in script.splitlines():
            words = line.partition("|")[0].replace('"', "").split()
            if words[:3] == ["python", "-m", "curator"]:
                arguments = _parser().parse_args(words[3:])
                assert arguments.handler, workflow
                asked += 1
            if words[:2] == ["python", "start.py"]:
                assert words[2] in (ROOT / "start.py").read_text(encoding="utf-8")
                asked += 1
    assert asked >= 7


def test_shell_of_every_step_can_be_parsed():
    for workflow, job, step in steps():
        script = re.sub(r"\$\{\{.*?\}\}", "x", step.get("run", ""))
        done = subprocess.run(["bash", "-n"], input=script, text=True)
        assert done.returncode == 0, f"{workflow}, {job}: {step}"


def test_nothing_that_others_wrote_gets_into_a_shell():
    """Titles and branch names of others are data: pass them by the environment."""
    for workflow, job, step in steps():
        for name in re.findall(r"\$\{\{\s*([\w.]+)", step.get("run", "")):
            assert name == "matrix.command", f"{workflow}, {job}: {name}"


def test_oldest_newest_and_coming_versions_are_tried_every_week():
    weekly = read(GITHUB / "workflows" / "weekly.yml")["jobs"]
    compiled = [step.get("run") for step in weekly["lock"]["steps"]]
    assert compiled.index("python -m curator lock") < compiled.index(
        "python start.py test"
    )
    oldest, coming = weekly["versions"]["strategy"]["matrix"]["include"]
    assert oldest["command"].endswith("lock --oldest") and not oldest["may-fail"]
    assert coming["command"].endswith("lock --pre") and coming["may-fail"]
    assert weekly["propose"]["needs"] == ["verify", "lock"]


def test_ci_runs_on_three_systems_and_two_pythons():
    matrix = read(GITHUB / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["system"] == ["ubuntu-latest", "windows-latest", "macos-latest"]
    assert matrix["python"] == ["3.11", "3.13"]


def test_no_lesson_is_named_outside_the_collection():
    """So that a new one is in all of it at once."""
    names = [lesson.name for lesson in read_collection(ROOT / "notebooks").lessons]
    for path in [*WORKFLOWS, ROOT / ".ci" / "run", ROOT / ".pre-commit-config.yaml"]:
        text = path.read_text(encoding="utf-8")
        assert not [name for name in names if name in text], path.name


def test_hooks_run_commands_of_this_checkout():
    hooks = read(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    for hook in hooks:
        words = hook["entry"].split()
        assert words[:2] == ["python", "-m"]
        if words[2] == "curator":
            assert _parser().parse_args(words[3:]).handler
    assert {hook["language"] for hook in hooks} == {"system"}
