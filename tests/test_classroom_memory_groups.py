import os
import subprocess
import sys
from pathlib import Path

import pytest
from memory_groups import MemoryGroup, group_folder

FILES = {
    1: ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"],
    2: ["memory.max", "memory.swap.max"],
}


def group_of(folder, version):
    """Return a group as the operating system would show it."""
    folder.mkdir()
    for name in [*FILES[version], "cgroup.procs"]:
        (folder / name).touch()
    return MemoryGroup(folder)


def own_group_folder(tmp_path, own):
    """Return what `group_folder` finds where /proc/self/cgroup has this text."""
    (tmp_path / "own-groups").write_text(own)
    return group_folder(tmp_path, tmp_path / "own-groups")


@pytest.mark.parametrize(("version", "swap"), [(1, "1000"), (2, "0"), (2, None)])
def test_limit_leaves_no_room_in_swap(tmp_path, version, swap):
    group = group_of(tmp_path / "student", version)
    limit, with_swap = (group.folder / name for name in FILES[version])
    if swap is None:  # a kernel without swap
        with_swap.unlink()
    group.make(1000)
    assert limit.read_text() == "1000"
    assert swap is None or with_swap.read_text() == swap


def test_group_without_a_limit_is_refused(tmp_path):
    with pytest.raises(OSError, match="no limit on memory"):
        MemoryGroup(tmp_path / "student").make(1000)


def test_end_kills_what_is_left(tmp_path):
    MemoryGroup(tmp_path / "never-made").end()
    group = group_of(tmp_path / "student", 2)
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        (group.folder / "cgroup.procs").write_text(f"{sleeper.pid}\n")
        group.end(seconds=0.2)
        assert sleeper.wait(10) == -9


def test_version_1_uses_the_tree_of_memory(tmp_path):
    found = own_group_folder(tmp_path, "5:cpu,memory:/class\n0::/elsewhere\n")
    assert found == tmp_path / "memory" / "class"


def test_version_2_moves_the_hub_into_a_group_of_its_own(tmp_path):
    service = tmp_path / "system.slice" / "hub.service"
    service.mkdir(parents=True)
    (service / "cgroup.controllers").write_text("cpu memory pids\n")
    (service / "cgroup.type").write_text("domain\n")
    pids = service / "cgroup.procs"
    pids.write_text("12\n34\n")
    moved = []
    write_text = Path.write_text

    def move(path, text):
        """Take a process out of one group when it is written into another."""
        if path.name == "cgroup.procs":
            moved.append(text)
            text = pids.read_text().replace(f"{text}\n", "")
            path = pids
        return write_text(path, text)

    own = "0::/system.slice/hub.service\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_text", move)
        assert own_group_folder(tmp_path, own) == service
    assert moved == ["12", "34"]
    assert (service / "hub").is_dir()
    assert (service / "cgroup.subtree_control").read_text() == "+memory"


@pytest.mark.parametrize(
    ("own", "expected"), [("hub.service/hub", "hub.service"), ("", "")]
)
def test_version_2_moves_nothing_a_second_time_or_out_of_the_root(
    tmp_path, own, expected
):
    (tmp_path / own).mkdir(parents=True, exist_ok=True)
    (tmp_path / own / "cgroup.controllers").write_text("memory\n")
    folder = own_group_folder(tmp_path, f"0::/{own}\n")
    assert folder == tmp_path / expected
    assert (folder / "hub").exists() == bool(own)


@pytest.mark.parametrize("controllers", [None, "cpu pids\n"])
def test_without_groups_for_memory_it_says_what_to_do(tmp_path, controllers):
    if controllers:
        (tmp_path / "cgroup.controllers").write_text(controllers)
    with pytest.raises(OSError, match=r"install\.sh"):
        own_group_folder(tmp_path, "0::/\n")


def test_the_operating_system_keeps_the_limit():
    try:
        if os.geteuid() != 0:
            raise PermissionError("only the superuser makes control groups")
        group = MemoryGroup(group_folder() / f"workshop-test-{os.getpid()}")
        group.make(100_000_000)
    except OSError as error:
        pytest.skip(f"no control groups for memory: {error}")
    take = "held = bytearray(300_000_000)"
    try:
        done = subprocess.run([sys.executable, "-c", take], preexec_fn=group.join)
        assert done.returncode == -9
        assert subprocess.call([sys.executable, "-c", take]) == 0  # outside of it
    finally:
        group.end()
    assert not group.folder.exists()
