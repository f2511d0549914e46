"""Archives arrive whole and inside their folder, or leave nothing behind."""

import bz2
import errno
import gzip
import io
import lzma
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_utils import UnsafeFileError, WorkshopError
from notebook_utils.archives import unpack

CONTENT = {"model/saved_model.pb": b"\x08\x01" * 5000, "model/labels.txt": b"cube\n"}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}


def tar_of(*members: tuple[tarfile.TarInfo, bytes], end: bool = True) -> bytes:
    """Write a tar whose headers are taken as they are."""
    data = b""
    for info, content in members:
        padding = bytes(-len(content) % tarfile.BLOCKSIZE)
        data += info.tobuf(tarfile.PAX_FORMAT) + content + padding
    return data + bytes(1024 if end else 0)


def file_member(name: str, content: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def special_member(kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo("special")
    info.type = kind
    info.linkname = target
    return info, b""


def good(kind: str) -> bytes:
    members = (file_member(name, content) for name, content in CONTENT.items())
    return PACKERS[kind](tar_of(*members))


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def refused(tmp_path) -> Callable[..., str]:
    """Unpack what must be refused; nothing may be left, inside or outside."""

    def try_to_unpack(data: bytes, **bounds: float) -> str:
        box = tmp_path / "box"
        box.mkdir()
        archive = box / "archive"
        archive.write_bytes(data)
        with pytest.raises(UnsafeFileError) as caught:
            unpack(archive, box / "new", **bounds)
        assert list(tmp_path.rglob("*")) == [box, archive]
        assert "Refused 'archive'" in str(caught.value)
        assert "Fetch it again" in str(caught.value)
        return str(caught.value)

    return try_to_unpack


# Honest archives


@pytest.mark.parametrize("kind", PACKERS)
def test_a_good_archive(tmp_path, kind):
    archive = tmp_path / "no-suffix-needed"
    archive.write_bytes(good(kind))
    target = tmp_path / "deep" / "new"
    assert unpack(archive, target) == target
    assert files_in(target) == CONTENT
    assert list(target.parent.iterdir()) == [target]
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o755


names = st.lists(
    st.text("abcXYZ019_- é", min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda part: part and part.upper() not in ("CON", "AUX")),
    min_size=1,
    max_size=3,
).map("/".join)


@settings(deadline=None)
@given(members=st.dictionaries(names, st.binary(max_size=2000), min_size=1, max_size=5))
def test_what_is_packed_comes_out_again(tmp_path_factory, members):
    folder = tmp_path_factory.mktemp("case")
    archive = folder / "archive"
    archive.write_bytes(tar_of(*(file_member(*item) for item in members.items())))
    try:
        assert files_in(unpack(archive, folder / "new")) == members
    except UnsafeFileError as error:
        assert "twice, or both file and folder" in str(error)
        keys = [name.casefold() for name in members]
        assert len(set(keys)) < len(keys) or any(
            a.startswith(f"{b}/") for a in keys for b in keys
        )


def test_folders_and_dots_in_names(tmp_path):
    archive = tmp_path / "dots.tar"
    with tarfile.open(archive, "w") as package:
        for name in ("./", "./a", "./a/"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            package.addfile(info)
        package.addfile(file_member("./a/b.txt")[0], io.BytesIO(b"x"))
    assert files_in(unpack(archive, tmp_path / "new")) == {"a/b.txt": b"x"}


def test_permissions_are_not_taken_over(tmp_path):
    info, content = file_member("run.sh")
    info.mode = 0o6777
    (tmp_path / "a.tar").write_bytes(tar_of((info, content)))
    path = unpack(tmp_path / "a.tar", tmp_path / "new") / "run.sh"
    assert not path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR)


# Where it goes


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(good("tar.gz"))
    (tmp_path / "new").mkdir()
    assert files_in(unpack(tmp_path / "a.tar.gz", tmp_path / "new")) == CONTENT


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dangling link"])
def test_what_is_in_use_is_not_touched(tmp_path, kind):
    (tmp_path / "a.tar.gz").write_bytes(good("tar.gz"))
    target = tmp_path / "new"
    if kind == "folder":
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "elsewhere")
        if kind == "link":
            (tmp_path / "elsewhere").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(WorkshopError, match="Delete it or name another folder"):
        unpack(tmp_path / "a.tar.gz", target)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_faster_process_wins(tmp_path, monkeypatch):
    archive, target = tmp_path / "a.tar", tmp_path / "new"
    archive.write_bytes(good("tar"))

    def overtaken(*arguments: object, **options: object) -> None:
        target.mkdir(exist_ok=True)
        (target / "theirs").write_text("theirs")

    monkeypatch.setattr(tarfile.TarFile, "extract", overtaken)
    with pytest.raises(WorkshopError, match="found one in use"):
        unpack(archive, target)
    assert sorted(tmp_path.rglob("*")) == [archive, target, target / "theirs"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_disk_that_fails_is_not_blamed_on_the_archive(tmp_path, monkeypatch, number):
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.tar").write_bytes(good("tar"))
    monkeypatch.setattr(tarfile.TarFile, "extract", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        unpack(tmp_path / "a.tar", tmp_path / "new")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.tar"]


def test_no_archive_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path / "absent.tar", tmp_path / "new")


# Names


BAD_NAMES = {
    "../outside": "leads out",
    "a/../../outside": "leads out",
    "a/..": "leads out",
    "/outside": "absolute",
    "//server/share/x": "absolute",
    "\\\\server\\share\\x": "absolute",
    "..\\outside": "Windows drive, separator",
    "C:\\outside": "Windows drive, separator",
    "C:outside": "Windows drive, separator",
    "labels.txt:stream": "Windows drive, separator",
    "a/NUL": "Windows keeps",
    "con.txt": "Windows keeps",
    "COM1 .txt": "Windows keeps",
    "labels.txt.": "Windows keeps",
    ".../x": "Windows keeps",
    "new\nline": "unprintable",
    "\u202egpj.exe": "unprintable",
    "a" * 300: "longer than",
    ".": "file and folder",
}


@pytest.mark.parametrize("has_filter", [True, False])
@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_names_that_lead_elsewhere(refused, monkeypatch, name, has_filter):
    if not has_filter:  # as in Python 3.11.2
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    data = tar_of(file_member("good"), file_member(name))
    assert BAD_NAMES[name] in refused(data)


def test_a_good_archive_without_the_filter_of_newer_pythons(tmp_path, monkeypatch):
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    (tmp_path / "a.tar").write_bytes(good("tar"))
    assert files_in(unpack(tmp_path / "a.tar", tmp_path / "new")) == CONTENT


TWICE = [
    ("a", "a"),
    ("a", "./a"),
    ("a", "A"),
    ("\u00e9", "e\u0301"),
    ("a", "a/b"),
    ("a/b", "a"),
    ("Stra\u00dfe", "STRASSE"),
]


@pytest.mark.parametrize("pair", TWICE, ids=ascii)
def test_names_that_occur_twice(refused, pair):
    assert "twice" in refused(tar_of(*(file_member(name) for name in pair)))


# Kinds of members


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "good"])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links(refused, kind, target):
    data = tar_of(file_member("good"), special_member(kind, target))
    assert "'special' is a link" in refused(data)


def test_writing_through_a_link(refused, tmp_path):
    link = special_member(tarfile.SYMTYPE, str(tmp_path))
    assert "is a link" in refused(tar_of(link, file_member("special/outside")))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices(refused, kind):
    assert "is a link, device" in refused(tar_of(special_member(kind)))


def test_a_sparse_file(refused):
    info, content = file_member("sparse")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": "0,1",
        "GNU.sparse.size": str(1 << 40),
    }
    assert "sparse" in refused(tar_of((info, content)))


# Bombs


def bomb(kind: str) -> bytes:
    return PACKERS[kind](tar_of(file_member("bomb", bytes(20 << 20))))


@pytest.mark.parametrize("kind", PACKERS)
def test_more_bytes_than_allowed(refused, kind):
    message = refused(bomb(kind), max_bytes=1 << 20, max_ratio=1e9)
    assert "more than 1048576 bytes unpacked" in message


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz"])
def test_more_than_the_ratio(refused, kind):
    data = bomb(kind)
    limit = max(1 << 20, 100 * len(data))
    assert f"more than {limit} bytes unpacked" in refused(data)


def test_little_is_no_bomb_whatever_its_ratio(tmp_path):
    packed = gzip.compress(tar_of(file_member("zeros", bytes(1 << 19))))
    (tmp_path / "a.tar").write_bytes(packed)
    unpack(tmp_path / "a.tar", tmp_path / "new")


def test_more_members_than_allowed(refused, tmp_path):
    data = tar_of(*(file_member(str(number)) for number in range(11)))
    assert "more than 10 members" in refused(data, max_members=10)
    (tmp_path / "archive").write_bytes(data)
    assert len(files_in(unpack(tmp_path / "archive", tmp_path / "new"))) == 11


def test_a_header_that_makes_its_member_large(refused):
    info, content = file_member("huge")
    info.size = 1 << 40
    assert "cut short or no tar archive" in refused(tar_of((info, content)))


# Damage


@pytest.mark.parametrize(
    "data", [b"", b"<html>not found</html>", b"\x00" * 10240, b"PK", bytes(range(256))]
)
def test_what_is_no_archive(refused, data):
    message = refused(data)
    assert "no tar archive" in message or "holds no file" in message


def test_an_archive_without_files(refused):
    assert "holds no file" in refused(tar_of())


@pytest.mark.parametrize("kind", PACKERS)
def test_cut_short_anywhere(tmp_path, kind):
    whole = good(kind)
    needed = len(whole.rstrip(b"\0")) if kind == "tar" else len(whole)
    archive = tmp_path / "archive"
    for size_bytes in {*range(0, needed, max(1, needed // 60)), needed - 1}:
        archive.write_bytes(whole[:size_bytes])
        with pytest.raises(UnsafeFileError):
            unpack(archive, tmp_path / "new")
        assert list(tmp_path.iterdir()) == [archive]


def test_a_tar_cut_between_two_members(refused):
    data = tar_of(file_member("first"), end=False)
    assert "no valid header" in refused(data)


def test_a_tar_with_a_damaged_second_header(refused):
    data = bytearray(tar_of(file_member("first"), file_member("second")))
    data[1024] ^= 1
    assert "no valid header" in refused(bytes(data))


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz"])
def test_a_changed_byte_is_noticed(tmp_path, kind):
    whole = good(kind)
    archive = tmp_path / "archive"
    for position in range(0, len(whole), max(1, len(whole) // 60)):
        changed = bytearray(whole)
        changed[position] ^= 0xFF
        archive.write_bytes(changed)
        try:
            unpacked = unpack(archive, tmp_path / str(position))
        except UnsafeFileError:
            assert not (tmp_path / str(position)).exists()
        else:  # a date or the like: the content is under a check sum
            assert sorted(files_in(unpacked).values()) == sorted(CONTENT.values())


def test_the_published_detector(tmp_path):
    folder = os.environ.get("PUBLISHED_FILES")
    if not folder:
        pytest.skip("PUBLISHED_FILES is not set: the published archive is not unpacked")
    archive = Path(folder) / "files" / "coco_ssd_mobilenet_v1.tar.gz"
    unpacked = unpack(archive, tmp_path / "detector")
    assert list(unpacked.rglob("saved_model.pb"))
    with tarfile.open(archive) as package:
        members = [member for member in package if member.isfile()]
        assert len(files_in(unpacked)) == len(members)
        for member in members:
            content = package.extractfile(member)
            assert content is not None
            assert (unpacked / member.name).read_bytes() == content.read()
