import hashlib
import json
import subprocess
import sys
from collections import namedtuple
from importlib import metadata
from types import SimpleNamespace

import pytest

from notebook_utils import WorkshopError, doctor
from notebook_utils.doctor import Check, checks, main

GB = 1024**3
NAMES = [
    "Python",
    "packages",
    "OpenVINO",
    "memory",
    "disk",
    "widgets",
    "torchvision",
    "kits",
    "imports",
]


@pytest.fixture
def healthy(monkeypatch):
    """A machine on which every check passes."""
    for name in NAMES:
        monkeypatch.setitem(
            doctor._CHECKS, name, lambda name=name: Check(name, True, "as it should be")
        )


def test_every_part_is_checked_in_order():
    found = checks()
    assert [check.name for check in found] == NAMES
    for check in found:
        assert check.found and "\n" not in str(check)
        assert check.ok or check.remedy


def test_this_environment_has_what_the_lessons_need():
    """Not the kits, which belong to the checkout, nor the room on this machine."""
    found = {check.name: check for check in checks()}
    for name in ("Python", "packages", "OpenVINO", "widgets", "torchvision", "imports"):
        assert found[name].ok, found[name]


def test_a_ready_machine(healthy, capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok   Python: as it should be"
    assert lines[-1] == "READY 9/9"
    assert len(lines) == 10


def test_a_failed_check_comes_with_its_remedy(healthy, monkeypatch, capsys):
    failed = Check("disk", False, "0.1 GB free", "Make room.")
    monkeypatch.setitem(doctor._CHECKS, "disk", lambda: failed)
    assert main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "FAIL disk: 0.1 GB free -> Make room." in lines
    assert lines[-1] == "NOT READY 8/9"


def test_a_note_does_not_fail(healthy, monkeypatch, capsys):
    note = Check("memory", True, "1.0 GB free", "Close programs.")
    monkeypatch.setitem(doctor._CHECKS, "memory", lambda: note)
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "note memory: 1.0 GB free -> Close programs." in printed


def test_a_check_that_crashes_is_a_failed_check(healthy, monkeypatch, capsys):
    def crash():
        raise RuntimeError("two\nlines")

    monkeypatch.setitem(doctor._CHECKS, "OpenVINO", crash)
    assert main([]) == 1
    output = capsys.readouterr()
    assert "FAIL OpenVINO: RuntimeError: two lines -> " in output.out
    assert "Traceback" not in output.out + output.err


def test_json_says_the_same(healthy, monkeypatch, capsys):
    monkeypatch.setitem(
        doctor._CHECKS, "disk", lambda: Check("disk", False, "full", "Make room.")
    )
    assert main(["--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ready"] is False
    assert report["passed"] == 8
    assert [check["name"] for check in report["checks"]] == NAMES
    assert report["checks"][4] == {
        "name": "disk",
        "ok": False,
        "found": "full",
        "remedy": "Make room.",
    }


def test_an_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--yaml"])
    assert stopped.value.code == 2
    assert "--json" in capsys.readouterr().err


def test_the_command_line_runs_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "notebook_utils", "doctor", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["ready"] else 1)


@pytest.mark.parametrize(
    ("version", "ok"),
    [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 5), True), ((3, 14, 0), False)],
)
def test_python_versions(monkeypatch, version, ok):
    monkeypatch.setattr(sys, "version_info", version)
    check = doctor._python()
    assert check.ok is ok
    assert ("3.11 to 3.13" in check.remedy) is not ok


def test_the_python_versions_are_those_of_the_package():
    requires = metadata.metadata("inference-workshop")["Requires-Python"]
    (_, least), (major, minor) = doctor.PYTHON_VERSIONS
    assert set(requires.split(",")) == {f">=3.{least}", f"<{major}.{minor + 1}"}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("numpy", None),
        ("numpy>=1", None),
        ("numpy<1", "numpy is {numpy}, expected <1"),
        ("no-such-package-here", "no-such-package-here is not installed"),
        ("no-such-package-here ; sys_platform == 'none'", None),
        ("no-such-package-here ; extra == 'all'", None),
    ],
)
def test_requirements_are_compared_with_what_is_installed(line, fault):
    expected = fault and fault.format(numpy=metadata.version("numpy"))
    assert doctor._fault(line) == expected


def test_a_local_version_fits_a_pin(monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda name: "2.13.0+cpu")
    assert doctor._fault("torch==2.13.0") is None


def test_a_checkout_also_asks_for_what_the_notebooks_need(tmp_path, monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: ["numpy", "requests"])
    (tmp_path / "requirements.txt").write_text(
        "# Training\ntorch==2.13.0  # pinned\n\n--index-url x\n-e .\nno-such-package\n"
    )
    monkeypatch.setattr(doctor, "checkout", lambda: tmp_path)
    assert doctor._requirements() == [
        "numpy",
        "requests",
        "torch==2.13.0",
        "no-such-package",
    ]
    check = doctor._packages()
    assert not check.ok
    assert "no-such-package is not installed" in check.found
    assert "pip install -r requirements.txt" in check.remedy


def test_without_a_checkout_the_remedy_names_the_packages(monkeypatch):
    monkeypatch.setattr(doctor, "checkout", lambda: None)
    wanted = ["numpy", "no-such-package>=2 ; python_version >= '3'"]
    monkeypatch.setattr(metadata, "requires", lambda name: wanted)
    assert doctor._packages().remedy == 'pip install "no-such-package>=2"'


def test_absent_devices_are_told_and_no_failure(monkeypatch):
    monkeypatch.setattr(
        "notebook_utils.devices.available_devices", lambda: {"CPU": "a processor"}
    )
    monkeypatch.setattr(
        "notebook_utils.devices.missing_devices", lambda: {"GPU": "none in sight"}
    )
    check = doctor._openvino()
    assert check.ok
    assert "CPU = a processor" in check.found
    assert "no GPU: none in sight" in check.found
    assert "by default" in check.found


def test_no_device_at_all_is_a_failure(monkeypatch):
    monkeypatch.setattr("notebook_utils.devices.available_devices", dict)
    check = doctor._openvino()
    assert not check.ok and check.remedy


@pytest.fixture
def memory(monkeypatch):
    def make(total, available):
        found = SimpleNamespace(total=total * GB, available=available * GB)
        monkeypatch.setattr("psutil.virtual_memory", lambda: found)

    return make


def test_little_memory_is_noted(memory, tmp_path):
    memory(8, 1)
    check = doctor._memory(tmp_path)
    assert check.ok and "Close programs" in check.remedy
    assert check.found == "1.0 GB free of 8.0 GB"
    memory(8, 5)
    assert doctor._memory(tmp_path).remedy == ""


@pytest.mark.parametrize(
    ("limit", "found"),
    [(2 * GB, "1.5 GB free of 2.0 GB"), ("max", "40.0 GB free of 64.0 GB")],
)
def test_the_limit_of_a_container_counts(memory, tmp_path, limit, found):
    memory(64, 40)
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{GB // 2}\n")
    check = doctor._memory(tmp_path)
    assert check.found == found
    assert bool(check.remedy) is (limit != "max")


@pytest.mark.parametrize(("free", "ok"), [(0.2, False), (20, True)])
def test_the_cache_needs_room(monkeypatch, tmp_path, free, ok):
    usage = namedtuple("usage", "total used free")(0, 0, int(free * GB))
    asked = []
    monkeypatch.setattr(doctor, "disk_usage", lambda p: asked.append(p) or usage)
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "not" / "yet" / "there"))
    check = doctor._disk()
    assert check.ok is ok and bool(check.remedy) is not ok
    assert asked == [tmp_path]
    assert not (tmp_path / "not").exists()


def hide(monkeypatch, package):
    find = doctor.importlib.util.find_spec
    monkeypatch.setattr(
        doctor.importlib.util,
        "find_spec",
        lambda name: None if name == package else find(name),
    )


def test_widgets_must_be_installed(monkeypatch):
    hide(monkeypatch, "ipywidgets")
    check = doctor._widgets()
    assert not check.ok and check.remedy == "pip install ipywidgets"


def test_torchvision_is_not_asked_for_without_torch(monkeypatch):
    hide(monkeypatch, "torch")
    check = doctor._torchvision()
    assert check.ok and "pip install torch torchvision" in check.remedy


def test_a_torchvision_that_cannot_be_imported_fails(monkeypatch):
    def fail():
        raise WorkshopError("They do not fit. Install both together.")

    monkeypatch.setattr("notebook_utils.models.ensure_torchvision", fail)
    check = doctor._torchvision()
    assert not check.ok and check.remedy == "They do not fit. Install both together."


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """The folder of the only kit, whole."""
    folder = tmp_path / "toys"
    folder.mkdir()
    (folder / "labels.txt").write_bytes(b"ball\nkite\n")
    digest = hashlib.sha256(b"ball\nkite\n").hexdigest()
    card = {"kit": "toys", "files": {"labels.txt": {"bytes": 10, "sha256": digest}}}
    (folder / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr("notebook_utils.kits.list_kits", lambda: ("toys",))
    monkeypatch.setattr("notebook_utils.kits.included_folder", lambda name: folder)
    return folder


def test_a_whole_kit(kit):
    assert doctor._kits() == Check("kits", True, "all 1 included kits are whole")


@pytest.mark.parametrize("damage", ["change", "labels.txt", "card.json"])
def test_a_damaged_kit(kit, damage):
    if damage == "change":
        (kit / "labels.txt").write_bytes(b"ball\nkitf\n")
        words = "toys: labels.txt is not as its card says"
    else:
        (kit / damage).unlink()
        words = f"toys: {damage} is missing"
    check = doctor._kits()
    assert not check.ok and check.found == words
    assert "git checkout data/kits" in check.remedy


def test_a_missing_kit(monkeypatch):
    monkeypatch.setattr("notebook_utils.kits.list_kits", lambda: ("no-such-kit",))
    check = doctor._kits()
    assert not check.ok and check.found == "no-such-kit: its folder is missing"


def test_a_file_that_shadows_the_package_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctor._shadow().ok
    (tmp_path / "notebook_utils.py").write_text("")
    check = doctor._shadow()
    assert not check.ok
    assert str(tmp_path / "notebook_utils.py") in check.found
    assert "restart the kernel" in check.remedy


def test_a_shadow_beside_the_notebooks_is_found(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notebook_utils.py").write_text("")
    monkeypatch.setattr(doctor, "checkout", lambda: tmp_path)
    assert not doctor._shadow().ok
