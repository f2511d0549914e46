"""Archives arrive whole and inside their folder, or leave nothing behind."""

import bz2
import errno
import gzip
import lzma
import os
import stat
import tarfile
from pathlib import Path

import pytest

from notebook_utils import UnsafeFileError, WorkshopError
from notebook_utils.archives import unpack

CONTENT = {"model/saved_model.pb": b"\x08\x01" * 5000, "model/labels.txt": b"cube\n"}
PACKERS = {
    "tar": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
COMPRESSED = ["gzip", "bzip2", "xz"]


def member(name, content=b"x", kind=tarfile.REGTYPE, **facts):
    info = tarfile.TarInfo(name)
    info.size, info.type = len(content), kind
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info, content


def tar_of(*members, end=bytes(1024)):
    """Write a tar whose headers are taken as they are."""
    data = b""
    for info, content in members:
        padding = bytes(-len(content) % tarfile.BLOCKSIZE)
        data += info.tobuf(tarfile.PAX_FORMAT) + content + padding
    return data + end


def good(kind="gzip"):
    return PACKERS[kind](tar_of(*(member(*item) for item in CONTENT.items())))


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def archive(tmp_path):
    """An archive in a folder where nothing else lies."""
    path = tmp_path / "box" / "archive"
    path.parent.mkdir()
    path.write_bytes(good())
    return path


@pytest.fixture
def refused(archive):
    """Unpack what must be refused; nothing may be left, inside or outside."""

    def try_to_unpack(data, **bounds):
        archive.write_bytes(data)
        with pytest.raises(UnsafeFileError, match="Refused 'archive'") as caught:
            unpack(archive, archive.parent / "new", **bounds)
        assert list(archive.parents[1].rglob("*")) == [archive.parent, archive]
        assert "Fetch it again" in str(caught.value)
        return str(caught.value)

    return try_to_unpack


@pytest.mark.parametrize("has_filter", [True, False])
@pytest.mark.parametrize("kind", PACKERS)
def test_a_good_archive(archive, monkeypatch, kind, has_filter):
    if not has_filter:  # as in Python 3.11.2
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    archive.write_bytes(good(kind))
    target = archive.parent / "deep" / "new"
    assert unpack(archive, target) == target
    assert files_in(target) == CONTENT
    assert list(target.parent.iterdir()) == [target]
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_folders_and_dots_in_names(archive):
    folders = [member(name, b"", tarfile.DIRTYPE) for name in ("./", "./a", "./a/")]
    archive.write_bytes(tar_of(*folders, member("./a/b.txt")))
    assert files_in(unpack(archive, archive.parent / "new")) == {"a/b.txt": b"x"}


def test_permissions_are_not_taken_over(archive):
    archive.write_bytes(tar_of(member("run.sh", mode=0o6777)))
    path = unpack(archive, archive.parent / "new") / "run.sh"
    assert not path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR)


def test_an_empty_folder_is_used(archive, tmp_path):
    (tmp_path / "new").mkdir()
    assert files_in(unpack(archive, tmp_path / "new")) == CONTENT


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dangling link"])
def test_what_is_in_use_is_not_touched(archive, tmp_path, kind):
    target = tmp_path / "new"
    if kind == "folder":
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(archive.parent if kind == "link" else tmp_path / "absent")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(WorkshopError, match="Delete it or choose another folder"):
        unpack(archive, target)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_faster_process_wins(archive, tmp_path, monkeypatch):
    theirs = tmp_path / "new" / "theirs"

    def overtaken(*arguments, **options):
        theirs.parent.mkdir(exist_ok=True)
        theirs.write_text("theirs")

    monkeypatch.setattr(tarfile.TarFile, "extract", overtaken)
    with pytest.raises(WorkshopError, match="found something there"):
        unpack(archive, theirs.parent)
    assert files_in(tmp_path) == {"box/archive": good(), "new/theirs": b"theirs"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_disk_that_fails_is_not_blamed_on_the_archive(archive, monkeypatch, number):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tarfile.TarFile, "extract", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        unpack(archive, archive.parent / "new")
    assert list(archive.parent.iterdir()) == [archive]


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
    if not has_filter:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    assert BAD_NAMES[name] in refused(tar_of(member("good"), member(name)))


TWICE = [
    "a a",
    "a ./a",
    "a A",
    "\u00e9 e\u0301",
    "a a/b",
    "a/b a",
    "Stra\u00dfe STRASSE",
]


@pytest.mark.parametrize("pair", TWICE, ids=ascii)
def test_names_that_occur_twice(refused, pair):
    assert "twice" in refused(tar_of(*map(member, pair.split())))


SPARSE = {f"GNU.sparse.{key}": "1" for key in ("minor", "size")}
SPARSE |= {"GNU.sparse.major": "0", "GNU.sparse.map": "0,1"}


@pytest.mark.parametrize(
    "special",
    [
        *(
            member("special", b"", kind, linkname=target)
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE)
            for target in ("/etc/passwd", "../../outside", "good")
        ),
        member("special", b"", tarfile.CHRTYPE),
        member("special", b"", tarfile.BLKTYPE),
        member("special", b"", tarfile.FIFOTYPE),
        member("special", pax_headers=SPARSE),
    ],
)
def test_links_devices_and_sparse_files(refused, special):
    data = tar_of(member("good"), special)
    assert "'special' is a link, device or sparse file" in refused(data)


BOMB = tar_of(member("bomb", bytes(20 << 20)))


@pytest.mark.parametrize("kind", PACKERS)
def test_more_bytes_than_allowed(refused, kind):
    message = refused(PACKERS[kind](BOMB), max_bytes=1 << 20, max_ratio=1e9)
    assert "more than 1048576 bytes unpacked" in message


@pytest.mark.parametrize("kind", COMPRESSED)
def test_more_than_the_ratio(refused, kind):
    data = PACKERS[kind](BOMB)
    assert f"more than {max(1 << 20, 100 * len(data))} bytes" in refused(data)


def test_little_is_no_bomb_whatever_its_ratio(archive):
    archive.write_bytes(gzip.compress(tar_of(member("zeros", bytes(1 << 19)))))
    unpack(archive, archive.parent / "new")


def test_more_members_than_allowed(refused, archive):
    data = tar_of(*(member(str(number)) for number in range(11)))
    assert "more than 10 members" in refused(data, max_members=10)
    target = unpack(archive, archive.parent / "new", max_members=11)
    assert len(files_in(target)) == 11


DAMAGED_HEADER = bytearray(tar_of(member("first"), member("second")))
DAMAGED_HEADER[1024] ^= 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no tar archive"),
        (b"<html>not found</html>", "no tar archive"),
        (bytes(range(256)), "no tar archive"),
        (bytes(10240), "holds no files"),
        (tar_of(), "holds no files"),
        (tar_of(member("huge", size=1 << 40)), "cut short"),
        (tar_of(member("first"), end=b""), "no valid header"),
        (bytes(DAMAGED_HEADER), "no valid header"),
    ],
)
def test_what_is_no_whole_archive(refused, data, words):
    assert words in refused(data)


@pytest.mark.parametrize("kind", PACKERS)
def test_cut_short_anywhere(archive, kind):
    whole = good(kind)
    needed = len(whole.rstrip(b"\0")) if kind == "tar" else len(whole)
    for size_bytes in {*range(0, needed, max(1, needed // 60)), needed - 1}:
        archive.write_bytes(whole[:size_bytes])
        with pytest.raises(UnsafeFileError):
            unpack(archive, archive.parent / "new")
        assert list(archive.parent.iterdir()) == [archive]


@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_changed_byte_is_noticed(archive, kind):
    whole = good(kind)
    for position in range(0, len(whole), max(1, len(whole) // 60)):
        changed = bytearray(whole)
        changed[position] ^= 0xFF
        archive.write_bytes(changed)
        target = archive.parent / str(position)
        try:
            unpack(archive, target)
        except UnsafeFileError:
            assert not target.exists()
        else:  # a date or the like: the content is under a checksum
            assert sorted(files_in(target).values()) == sorted(CONTENT.values())


@pytest.mark.skipif(
    "PUBLISHED_FILES" not in os.environ, reason="PUBLISHED_FILES names no folder"
)
def test_the_published_detector(tmp_path):
    archive = Path(os.environ["PUBLISHED_FILES"], "files/coco_ssd_mobilenet_v1.tar.gz")
    unpacked = files_in(unpack(archive, tmp_path / "detector"))
    with tarfile.open(archive) as package:
        files = [info for info in package if info.isfile()]
    sizes = {Path(info.name).as_posix(): info.size for info in files}
    assert {name: len(data) for name, data in unpacked.items()} == sizes
