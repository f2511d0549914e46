import hashlib
import json
import sys
from collections import namedtuple
from importlib import metadata
from types import SimpleNamespace

import pytest
import requests

from kit_catalogue import KitCatalogue
from notebook_utils import WorkshopError
from notebook_utils.__main__ import main as command_line
from notebook_utils.doctor import Check, checks, machine, main, report, software
from notebook_utils.doctor.connections import Connections
from notebook_utils.kits.mirrors import write_index

GB = 1024**3
NAMES = [*report.looks()]


@pytest.fixture(autouse=True)
def only_included_kits(monkeypatch):
    """No host is asked, but where a test says so."""
    monkeypatch.setenv("NOTEBOOK_KITS", "included")
    monkeypatch.delenv("NOTEBOOK_KITS_MIRROR", raising=False)


@pytest.fixture
def healthy(monkeypatch):
    """A machine on which every check passes."""
    looks = {
        name: lambda name=name: Check(name, True, "as it should be") for name in NAMES
    }
    monkeypatch.setattr(report, "looks", lambda: looks)
    return looks


def test_every_part_is_checked_in_order_and_this_environment_is_ready():
    """Except the kits, which belong to the checkout, and the room on this machine."""
    found = checks()
    assert [check.name for check in found] == NAMES and len(NAMES) == 12
    for check in found:
        assert check.found and "\n" not in str(check)
        assert check.ok or check.name in ("disk", "kits"), check


def test_a_ready_machine(healthy, capsys):
    assert command_line(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok   Python: as it should be"
    assert lines[-1] == "READY 12/12"
    assert len(lines) == 13


def test_notes_failures_and_crashes_are_told_apart(healthy, capsys):
    def crash():
        raise RuntimeError("two\nlines")

    healthy["memory"] = lambda: Check("memory", True, "1.0 GB free", "Close programs.")
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "note memory: 1.0 GB free -> Close programs." in printed
    assert printed.splitlines()[-1] == "READY 12/12, 1 with a note"
    healthy["disk"] = lambda: Check("disk", False, "full", "Make room.")
    healthy["OpenVINO"] = crash
    assert main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "FAIL disk: full -> Make room." in lines
    assert lines[3].startswith("FAIL OpenVINO: RuntimeError: two lines -> Install")
    assert lines[-1] == "NOT READY 10/12, 1 with a note"


def test_json_says_the_same(healthy, capsys):
    healthy["disk"] = lambda: Check("disk", False, "full", "Make room.")
    assert main(["--json"]) == 1
    listed = json.loads(capsys.readouterr().out)
    assert (listed["ready"], listed["passed"]) == (False, 11)
    assert [check["name"] for check in listed["checks"]] == NAMES
    disk = {"name": "disk", "ok": False, "found": "full", "remedy": "Make room."}
    assert listed["checks"][5] == disk


@pytest.mark.parametrize(
    ("version", "ok"),
    [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 5), True), ((3, 14, 0), False)],
)
def test_python_versions(monkeypatch, version, ok):
    monkeypatch.setattr(sys, "version_info", version)
    check = machine.python()
    assert check.ok is ok
    assert ("3.11 to 3.13" in check.remedy) is not ok


def test_the_python_versions_are_those_of_the_package():
    requires = metadata.metadata("inference-workshop")["Requires-Python"]
    (_, least), (major, minor) = machine.PYTHON_VERSIONS
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
    assert software.requirement_fault(line) == expected


def test_a_checkout_also_asks_for_what_the_notebooks_need(tmp_path, monkeypatch):
    wanted = ["numpy", "no-such-package>=2 ; python_version >= '3'"]
    monkeypatch.setattr(metadata, "requires", lambda name: wanted)
    (tmp_path / "requirements.txt").write_text(
        "# Training\ntorch==2.13.0  # pinned\n\n--index-url x\n-e .\n"
    )
    monkeypatch.setattr(software, "checkout", lambda: tmp_path)
    assert software.requirements() == [*wanted, "torch==2.13.0"]
    check = software.packages()
    assert not check.ok and "no-such-package is not installed" in check.found
    assert "pip install -r requirements.txt" in check.remedy
    monkeypatch.setattr(software, "checkout", lambda: None)
    assert software.packages().remedy == 'pip install "no-such-package>=2"'


def test_absent_devices_are_told_and_no_failure(monkeypatch):
    devices = {"CPU": "a processor"}
    absent = {"GPU": "none in sight"}
    monkeypatch.setattr("notebook_utils.devices.available_devices", lambda: devices)
    monkeypatch.setattr("notebook_utils.devices.missing_devices", lambda: absent)
    check = software.openvino()
    assert check.mark == "ok"
    assert check.found.endswith("; CPU = a processor; no GPU: none in sight")
    devices.clear()
    assert software.openvino().mark == "FAIL" and software.openvino().remedy


def test_the_processor_says_what_it_computes_in(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    check = machine.processor()
    assert check.ok and check.found.startswith("3 cores")
    assert "FP32" in check.found and "by default in" in check.found


@pytest.mark.parametrize(
    ("total", "free", "limit", "found", "noted"),
    [
        (8, 1.99, None, "2.0 GB free of 8.0 GB", True),
        (8, 2, None, "2.0 GB free of 8.0 GB", False),
        (64, 40, 2 * GB, "1.5 GB free of 2.0 GB", True),
        (64, 40, "max", "40.0 GB free of 64.0 GB", False),
    ],
)
def test_little_memory_is_noted_and_the_limit_of_a_container_counts(
    monkeypatch, tmp_path, total, free, limit, found, noted
):
    memory = SimpleNamespace(total=total * GB, available=int(free * GB))
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    if limit:
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "memory.current").write_text(f"{GB // 2}\n")
    check = machine.memory(tmp_path)
    assert check.ok and check.found == found
    assert ("Close programs" in check.remedy) is noted


@pytest.mark.parametrize(("free", "ok"), [(0.99, False), (1, True)])
def test_the_cache_needs_room(monkeypatch, tmp_path, free, ok):
    usage = namedtuple("usage", "total used free")(0, 0, int(free * GB))
    asked = []
    monkeypatch.setattr(machine, "disk_usage", lambda p: asked.append(p) or usage)
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(tmp_path / "not" / "yet" / "there"))
    check = machine.disk()
    assert check.ok is ok and bool(check.remedy) is not ok
    assert asked == [tmp_path]
    assert not (tmp_path / "not").exists()


def hide(monkeypatch, package):
    find = software.importlib.util.find_spec
    monkeypatch.setattr(
        software.importlib.util,
        "find_spec",
        lambda name: None if name == package else find(name),
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "fits"),
    [("8.1.9", "3.0.17", True), ("7.7.1", "1.1.11", True), ("8.1.9", "1.1.11", False)],
)
def test_the_two_halves_of_the_widgets_must_fit(monkeypatch, ours, theirs, fits):
    versions = {"ipywidgets": ours, "jupyterlab_widgets": theirs}
    monkeypatch.setattr(metadata, "version", versions.__getitem__)
    check = software.widgets()
    assert check.ok is fits and bool(check.remedy) is not fits
    assert theirs in check.found


@pytest.mark.parametrize("half", ["jupyterlab_widgets", "jupyterlab"])
def test_a_front_end_elsewhere_brings_its_own_half(monkeypatch, half):
    hide(monkeypatch, half)
    check = software.widgets()
    assert check.ok and "brings its own" in check.found


def test_torchvision_is_asked_for_only_beside_torch(monkeypatch):
    def fail():
        raise WorkshopError("They do not fit. Install both together.")

    monkeypatch.setattr("notebook_utils.models.ensure_torchvision", fail)
    check = software.torchvision()
    assert not check.ok and check.remedy == "They do not fit. Install both together."
    hide(monkeypatch, "torch")
    check = software.torchvision()
    assert check.ok and "pip install torch torchvision" in check.remedy


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (None, "all 1 included kits are whole"),
        ("labels.txt", "toys: labels.txt is missing or not as its card says"),
        ("change", "toys: labels.txt is missing or not as its card says"),
        ("card.json", "toys: its folder or card.json is missing"),
    ],
)
def test_a_damaged_kit_is_told(tmp_path, monkeypatch, damage, words):
    monkeypatch.setattr("notebook_utils.kits.list_kits", lambda: ("toys",))
    monkeypatch.setattr("notebook_utils.kits.included_folder", lambda name: tmp_path)
    digest = hashlib.sha256(b"ball\nkite\n").hexdigest()
    card = {"kit": "toys", "files": {"labels.txt": {"bytes": 10, "sha256": digest}}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    text = "ball\nkitf\n" if damage == "change" else "ball\nkite\n"
    (tmp_path / "labels.txt").write_text(text)
    if damage not in (None, "change"):
        (tmp_path / damage).unlink()
    check = software.kits()
    assert check.found == words and check.ok is (damage is None)
    assert ("git checkout data/kits" in check.remedy) is (damage is not None)


def test_a_file_that_shadows_the_package_is_found(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path)
    assert software.imports().ok
    (tmp_path / "notebook_utils.py").write_text("")
    check = software.imports()
    assert not check.ok
    assert str(tmp_path / "notebook_utils.py") in check.found
    assert "restart the kernel" in check.remedy

    (tmp_path / "notebook_utils.py").rename(tmp_path / "work" / "notebook_utils.py")
    monkeypatch.setattr(software, "checkout", lambda: tmp_path)
    assert not software.imports().ok, "beside the copies of the notebooks"


@pytest.fixture
def hosts(server, tmp_path, monkeypatch):
    """A catalogue whose one kit comes from the loopback server and a silent host."""
    silent = "http://127.0.0.1:9"  # the port of the discard service, closed here
    files = [
        {"name": "model.xml", "url": server.url("/model.xml")},
        {"name": "model.bin", "url": f"{silent}/model.bin"},
    ]
    kits = {"toys": {"published": {"files": files}}}
    KitCatalogue(monkeypatch, tmp_path, kits)
    monkeypatch.setenv("NOTEBOOK_KITS", "auto")
    return server


SILENCE = requests.ConnectTimeout("silence")
INSPECTED = requests.exceptions.SSLError("self-signed certificate in chain")
NO_HOST = "ok   certificates: not asked: no host is needed"
UNKNOWN = "note certificates: could not be tried: no host answers -> "
SOME = "note network: 1 of the 2 hosts of published kits answer; no answer from 127.0"
NONE = "network: 0 of the 2 hosts of published kits answer; no answer from 127.0.0.1:"


@pytest.mark.parametrize(
    ("wish", "error", "network", "certificates"),
    [
        ("included", None, "ok   network: not asked: the included", NO_HOST),
        ("auto", None, SOME, "ok   certificates: trusted for 1 of the 2 hosts"),
        ("published", None, SOME, "ok   certificates: trusted for 1 of the 2 hosts"),
        ("auto", SILENCE, f"note {NONE}", UNKNOWN),
        ("published", SILENCE, f"FAIL {NONE}", UNKNOWN),
        ("auto", INSPECTED, "ok   network: 2 of the 2 hosts", "note certificates: not"),
    ],
)
def test_hosts_are_asked_where_kits_may_come_from_them(
    hosts, monkeypatch, wish, error, network, certificates
):
    def head(self, url, **options):
        raise error

    if error:
        monkeypatch.setattr("requests.Session.head", head)
    monkeypatch.setenv("NOTEBOOK_KITS", wish)
    connections = Connections()
    assert str(connections.network()).startswith(network)
    assert str(connections.certificates()).startswith(certificates)
    assert ("SSL_CERT_FILE" in connections.certificates().remedy) is (
        error is INSPECTED
    )


def test_a_mirror_is_looked_for_in_place_of_hosts(hosts, monkeypatch, tmp_path):
    monkeypatch.setenv("NOTEBOOK_KITS_MIRROR", str(tmp_path))
    check = Connections().network()
    assert not check.ok and "index.json" in check.found
    assert "NOTEBOOK_KITS_MIRROR" in check.remedy
    write_index(tmp_path, {"toys": {}})
    check = Connections().network()
    assert check.ok and "has 1 kits" in check.found
    assert hosts.requests == []
