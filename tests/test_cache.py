import os
from pathlib import Path

import pytest

from notebook_utils import KitError
from notebook_utils.__main__ import main
from notebook_utils.kits.cache import cached_kits, clean_cache, record, recorded
from notebook_utils.kits.hosts import remember, silent_hosts_dir
from notebook_utils.workspace import cache_dir


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("NOTEBOOK_KITS_CACHE", str(folder))
    monkeypatch.delenv("NOTEBOOK_KITS_SHARED_CACHE", raising=False)
    return folder


def add(cache, kit, body=b"model", section="published"):
    folder = cache / section / kit
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(body)
    record(folder, ["model.bin"])
    return folder


def test_the_cache_is_the_users_own_unless_it_is_named(cache, monkeypatch):
    assert cache_dir() == cache
    monkeypatch.delenv("NOTEBOOK_KITS_CACHE")
    assert cache_dir().is_relative_to(Path.home())


def test_list(cache, tmp_path, monkeypatch, capsys):
    folder = add(cache, "detector", b"\0" * 1_200_000)
    (folder / ".model.bin.lock").write_bytes(b"\0" * 1_000_000)
    add(cache, "classifier-0123abcd", section="mirrored")
    add(tmp_path / "shared", "segmenter")
    monkeypatch.setenv("NOTEBOOK_KITS_SHARED_CACHE", str(tmp_path / "shared"))
    assert main(["cache", "list"]) == 0
    first, *lines, total = capsys.readouterr().out.splitlines()
    assert first == str(cache)
    assert [line.split()[:3] for line in lines] == [
        ["published", "detector", "1.2"],
        ["mirrored", "classifier-0123abcd", "0.0"],
        ["published", "segmenter", "0.0"],
    ]
    assert [line.endswith("shared") for line in lines] == [False, False, True]
    assert total == "3 kits, 1.2 MB"


def test_nothing_is_cached_yet(capsys):
    for action in ("list", "verify", "clean"):
        assert main(["cache", action]) == 0
    assert "0 kits" in capsys.readouterr().out


def test_clean_takes_all_origins_of_the_kits_it_is_told(cache):
    add(cache, "detector")
    add(cache, "detector-0123abcd", section="mirrored")
    add(cache, "detector-small")
    assert clean_cache(["detector"]) == 2 * len(b"model")
    assert [kit.folder.name for kit in cached_kits()] == ["detector-small"]


def test_clean_leaves_everything_else_in_the_folder(cache):
    add(cache, "detector")
    remember("https://example.org/", silent=True)
    (cache / "thesis.txt").write_text("years of work")
    assert main(["cache", "clean"]) == 0
    assert cached_kits() == ()
    assert (cache / "thesis.txt").is_file()
    assert not silent_hosts_dir().exists()


def test_clean_does_not_touch_the_shared_cache(tmp_path, monkeypatch, capsys):
    shared = add(tmp_path / "shared", "detector")
    monkeypatch.setenv("NOTEBOOK_KITS_SHARED_CACHE", str(tmp_path / "shared"))
    assert main(["cache", "clean"]) == 0
    assert main(["cache", "clean", "detector"]) == 1
    assert "not in the cache" in capsys.readouterr().err
    assert shared.is_dir()


def test_clean_with_a_wrong_name_removes_nothing(cache):
    add(cache, "detector")
    with pytest.raises(KitError, match="'detektor'"):
        clean_cache(["detector", "detektor"])
    assert len(cached_kits()) == 1


def test_verify(cache, capsys):
    whole, altered, missing = (add(cache, name) for name in ("a", "b", "c"))
    (altered / "model.bin").write_bytes(b"MODEL")
    (missing / "model.bin").unlink()
    assert main(["cache", "verify"]) == 1
    printed = capsys.readouterr().out
    assert "ok    published/a" in printed
    assert "FAIL  published/b\n      model.bin: expected sha256" in printed
    assert "FAIL  published/c\n      model.bin: it is missing" in printed
    clean_cache(["b", "c"])
    assert main(["cache", "verify"]) == 0
    assert whole.is_dir()
    assert main(["cache", "verify", "a"]) == 1, "names are for clean alone"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"model.bin": {}}'])
def test_damaged_sums_are_no_sums(cache, content):
    folder = add(cache, "detector")
    (folder / "sums.json").write_text(content)
    assert recorded(folder) == {}
    assert list(cached_kits()[0].altered_files()) == []


def test_everybody_can_read_what_is_in_the_cache(cache):
    folder = add(cache, "detector")
    if os.name == "posix":
        assert (folder / "sums.json").stat().st_mode & 0o444 == 0o444
