"""Archives arrive whole and inside their folder, or leave nothing behind."""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
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


def zip_of(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as package:
        for name, content in members.items():
            package.writestr(zipfile.ZipInfo(name), content, compression)
    return data.getvalue()


def good(kind: str) -> bytes:
    if kind == "zip":
        return zip_of(CONTENT, zipfile.ZIP_DEFLATED)
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


@pytest.mark.parametrize("kind", [*PACKERS, "zip"])
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


@pytest.mark.parametrize("kind", ["tar", "zip"])
@settings(deadline=None)
@given(members=st.dictionaries(names, st.binary(max_size=2000), min_size=1, max_size=5))
def test_what_is_packed_comes_out_again(tmp_path_factory, kind, members):
    folder = tmp_path_factory.mktemp("case")
    archive = folder / "archive"
    if kind == "zip":
        archive.write_bytes(zip_of(members))
    else:
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
    (tmp_path / "a.zip").write_bytes(good("zip"))
    (tmp_path / "new").mkdir()
    assert files_in(unpack(tmp_path / "a.zip", tmp_path / "new")) == CONTENT


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dangling link"])
def test_what_is_in_use_is_not_touched(tmp_path, kind):
    (tmp_path / "a.zip").write_bytes(good("zip"))
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
        unpack(tmp_path / "a.zip", target)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_faster_process_wins(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(good("zip"))
    target = tmp_path / "new"
    write_members = unpack.__globals__["_write_members"]

    def overtaken(*arguments: object) -> None:
        write_members(*arguments)
        target.mkdir()
        (target / "theirs").write_text("theirs")

    monkeypatch.setitem(unpack.__globals__, "_write_members", overtaken)
    with pytest.raises(WorkshopError, match="found one in use"):
        unpack(tmp_path / "a.zip", target)
    assert files_in(tmp_path) == {
        "a.zip": (tmp_path / "a.zip").read_bytes(),
        "new/theirs": b"theirs",
    }


def test_no_archive_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path / "absent.zip", tmp_path / "new")


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


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_that_lead_elsewhere(refused, kind, name):
    data = (
        zip_of({"good": b"x", name: b"x"})
        if kind == "zip"
        else tar_of(file_member("good"), file_member(name))
    )
    assert BAD_NAMES[name] in refused(data)


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_names_are_refused_without_the_filter_of_newer_pythons(
    refused, monkeypatch, name
):
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    data = tar_of(file_member("good"), file_member(name))
    assert BAD_NAMES[name] in refused(data)


def test_a_good_archive_without_the_filter_of_newer_pythons(tmp_path, monkeypatch):
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    archive = tmp_path / "model.tar"
    archive.write_bytes(tar_of(file_member("model", b"weights")))
    assert (unpack(archive, tmp_path / "new") / "model").read_bytes() == b"weights"


def test_a_zip_name_cut_by_a_zero_byte(refused):
    data = zip_of({"labels_txt/../../x": b"x"}).replace(b"labels_txt", b"labels\0txt")
    assert "unprintable" in refused(data)


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


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_in_a_zip(refused):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        package.writestr("a", b"1")
        package.writestr("a", b"2")
    assert "twice" in refused(data.getvalue())


# Kinds of members


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "good"])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar(refused, kind, target):
    data = tar_of(file_member("good"), special_member(kind, target))
    assert f"'special' is a link to '{target}'" in refused(data)


def test_writing_through_a_link(refused, tmp_path):
    link = special_member(tarfile.SYMTYPE, str(tmp_path))
    assert "is a link" in refused(tar_of(link, file_member("special/outside")))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_in_a_tar(refused, kind):
    assert "device or a pipe" in refused(tar_of(special_member(kind)))


def test_a_sparse_file(refused):
    info, content = file_member("sparse")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": "0,1",
        "GNU.sparse.size": str(1 << 40),
    }
    assert "sparse" in refused(tar_of((info, content)))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip(refused, kind):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        info = zipfile.ZipInfo("special")
        info.create_system = 3
        info.external_attr = (kind | 0o777) << 16
        package.writestr(info, "../outside")
    assert "'special' is a link or a device" in refused(data.getvalue())


def test_a_zip_that_hides_a_member(refused):
    data = bytearray(zip_of({"a": b"x", "b": b"y"}))
    data[data.index(b"PK\x01\x02") + 32] = 47  # the comment swallows the next entry
    assert "list of members is cut short" in refused(bytes(data))


def test_an_encrypted_zip(refused):
    data = bytearray(zip_of({"a": b"x"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refused(bytes(data))


# Bombs

BOMB = bytes(20 << 20)


def bomb(kind: str) -> bytes:
    if kind == "zip":
        return zip_of({"bomb": BOMB}, zipfile.ZIP_DEFLATED)
    return PACKERS[kind](tar_of(file_member("bomb", BOMB)))


@pytest.mark.parametrize("kind", [*PACKERS, "zip"])
def test_more_bytes_than_allowed(refused, kind):
    message = refused(bomb(kind), max_bytes=1 << 20, max_ratio=1e9)
    assert "more than the 1048576 bytes that max_bytes allows" in message


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_more_than_the_ratio(refused, kind):
    assert "more than 100 times its own size" in refused(bomb(kind))


def test_little_is_no_bomb_whatever_its_ratio(tmp_path):
    (tmp_path / "a.zip").write_bytes(
        zip_of({"zeros": bytes(1 << 19)}, zipfile.ZIP_DEFLATED)
    )
    unpack(tmp_path / "a.zip", tmp_path / "new")


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_more_members_than_allowed(refused, tmp_path, kind):
    members = {str(number): b"" for number in range(11)}
    data = (
        zip_of(members)
        if kind == "zip"
        else tar_of(*(file_member(*item) for item in members.items()))
    )
    assert "more than the 10 members" in refused(data, max_members=10)
    (tmp_path / "archive").write_bytes(data)
    assert len(files_in(unpack(tmp_path / "archive", tmp_path / "new"))) == 11


def test_a_zip_whose_header_makes_itself_small(refused):
    data = zip_of({"bomb": BOMB}, zipfile.ZIP_DEFLATED)
    true_size, false_size = len(BOMB).to_bytes(4, "little"), (5).to_bytes(4, "little")
    assert data.count(true_size) == 2
    assert "damaged" in refused(data.replace(true_size, false_size))


def test_a_tar_whose_header_makes_itself_large(refused):
    info, content = file_member("huge")
    info.size = 1 << 40
    assert "damaged or cut short" in refused(tar_of((info, content)))


def test_a_tar_header_that_fills_the_memory(refused):
    info, content = file_member("small")
    info.pax_headers = {"comment": "x" * (5 << 20)}
    packed = gzip.compress(tar_of((info, content)))
    assert "a header takes more than" in refused(packed, max_ratio=1e9)


# Damage


@pytest.mark.parametrize(
    "data", [b"", b"<html>not found</html>", b"\x00" * 10240, b"PK", bytes(range(256))]
)
def test_what_is_no_archive(refused, data):
    message = refused(data)
    assert "no tar or zip archive" in message or "holds no file" in message


def test_an_archive_without_files(refused):
    assert "holds no file" in refused(zip_of({}))


@pytest.mark.parametrize("kind", [*PACKERS, "zip"])
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


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
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
