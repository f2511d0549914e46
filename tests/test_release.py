"""What a release is made of: one version, a wheel and an sdist that agree."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_changelog_citation_and_package_name_one_version() -> None:
    version = PROJECT["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## (\S+) \((unreleased|\d{4}-\d\d-\d\d)\)$", changelog, re.M)
    assert newest is not None
    assert citation["version"] == newest[1] == version
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    assert citation["repository-code"] == PROJECT["urls"]["Source"]


def build(source: Path, target: Path, kind: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind]
    subprocess.run([*command, "--directory", target], cwd=source, check=True)
    (built,) = target.iterdir()
    return built


def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.slow
def test_sdist_makes_the_wheel_that_the_checkout_makes(tmp_path: Path) -> None:
    wheel = build(ROOT, tmp_path / "wheel", "wheel")
    sdist = build(ROOT, tmp_path / "sdist", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert names(build(unpacked, tmp_path / "again", "wheel")) == names(wheel)

    info = f"inference_workshop-{PROJECT['version']}.dist-info"
    assert {Path(name).parts[0] for name in names(wheel)} == {"notebook_utils", info}
    kits = {path.name for path in (ROOT / "data" / "kits").iterdir() if path.is_dir()}
    packed = [Path(name).parts for name in names(wheel) if "/data/kits/" in name]
    assert kits == {parts[3] for parts in packed}
    metadata = zipfile.ZipFile(wheel).read(f"{info}/METADATA").decode()
    about = Parser().parsestr(metadata)
    assert about["Author"] == "Inference Workshop contributors"
    assert {line.split(",")[0] for line in about.get_all("Project-URL")} == {
        "Source",
        "Issues",
        "Changelog",
    }
