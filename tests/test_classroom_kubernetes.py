import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from misbehaving_server import Answer

ROOT = Path(__file__).resolve().parents[1]
CLASSROOM = ROOT / "classroom"
VALUES = yaml.safe_load((CLASSROOM / "kubernetes" / "values.yaml").read_text("utf-8"))
DOCKERFILE = (CLASSROOM / "image" / "Dockerfile").read_text("utf-8")


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    """Return the chart's schema, for values that go on top of the chart's own."""
    path = os.environ.get("Z2JH_SCHEMA")
    if not path:
        pytest.skip("Z2JH_SCHEMA names no values.schema.yaml of the chart")
    return Draft7Validator(_optional(yaml.safe_load(Path(path).read_text("utf-8"))))


def _optional(node: Any) -> Any:
    """Drop what a schema requires: the chart's defaults provide it."""
    if isinstance(node, list):
        return [_optional(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _optional(value)
        for key, value in node.items()
        if not (key == "required" and isinstance(value, list))
    }


def test_the_chart_knows_every_value_and_those_of_the_guide(schema):
    guide = (CLASSROOM / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    for values in (VALUES, yaml.safe_load(example)):
        assert [error.message for error in schema.iter_errors(values)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"singleuser": {"memry": {"limit": "2G"}}},
        {"singleuser": {"memory": {"limit": ["2G"]}}},
        {"cull": {"timeout": "an hour"}},
    ],
)
def test_the_schema_finds_mistakes(schema, wrong):
    assert list(schema.iter_errors(wrong))


def test_thirty_students_and_the_teacher():
    config = type("Config", (), {})()
    config.Authenticator = type("Authenticator", (), {})()
    exec(VALUES["hub"]["extraConfig"]["students"], {"c": config})  # noqa: S102 - ours
    students = config.Authenticator.allowed_users
    assert len(students) == 30
    assert {"student01", "student30"} <= students
    teachers = VALUES["hub"]["config"]["Authenticator"]["admin_users"]
    assert VALUES["hub"]["activeServerLimit"] == len(students) + len(teachers)
    assert "password" not in str(VALUES).replace("shared-password", "")


def test_the_image_holds_the_server_outside_the_home():
    (place,) = re.findall(r"^COPY \. (\S+)$", DOCKERFILE, re.MULTILINE)
    script = Path(VALUES["singleuser"]["cmd"][1])
    assert (ROOT / script.relative_to(place)).is_file()
    home = VALUES["singleuser"]["storage"]["homeMountPath"]
    for place in re.findall(r"(?:^COPY \. |NOTEBOOK_KITS\w*CACHE=)(\S+)", DOCKERFILE):
        assert not place.startswith(home)


def test_nobody_in_the_image_is_the_superuser():
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users == [str(VALUES["singleuser"]["uid"])]
    assert f"--uid {users[0]} " in DOCKERFILE


def test_the_healthcheck_asks_the_server_behind_the_hub(server, monkeypatch):
    (check,) = re.findall(
        r'^HEALTHCHECK .*CMD python -c "(.*?)"$', DOCKERFILE, re.DOTALL | re.MULTILINE
    )
    code = check.replace("\\\n", "").replace(":8888", f":{server.server_port}")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/student01/")
    with pytest.raises(OSError, match="404"):
        exec(code, {})  # noqa: S102 - ours
    server.answers["/user/student01/api"] = Answer(b"{}")
    exec(code, {})  # noqa: S102 - ours
