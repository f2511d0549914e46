from pathlib import Path

import pytest

from notebook_utils import KitError
from notebook_utils.__main__ import main
from notebook_utils.kits.cache import cached_kits, clean_cache
from notebook_utils.kits.hosts import remember, silent_for
from notebook_utils.workspace import cache_dir


@pytest.fixture(autouse=True)
def cache(kits_cache):
    return kits_cache


def add(cache, kit, body=b"model", section="published"):
    folder = cache / section / kit
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(body)
    return folder


def test_the_cache_is_the_users_own_unless_it_is_named(cache, monkeypatch):
    assert cache_dir() == cache
    monkeypatch.delenv("NOTEBOOK_KITS_CACHE")
    assert cache_dir().is_relative_to(Path.home())


def test_list(cache, tmp_path, monkeypatch, capsys):
    folder = add(cache, "detector", b"\0" * 1_200_000)
    (folder / ".model.bin.lock").write_bytes(b"\0" * 1_000_000)
    add(cache, "classifier-0123abcd", section="mirrored")
    add(tmp_path / "shared", "segmenter", section="included")
    monkeypatch.setenv("NOTEBOOK_KITS_SHARED_CACHE", str(tmp_path / "shared"))
    assert main(["cache", "list"]) == 0
    first, *lines, total = capsys.readouterr().out.splitlines()
    assert first == str(cache)
    assert [line.split()[:3] for line in lines] == [
        ["published", "detector", "1.2"],
        ["mirrored", "classifier-0123abcd", "0.0"],
        ["included", "segmenter", "0.0"],
    ]
    assert [line.endswith("shared") for line in lines] == [False, False, True]
    assert total == "3 kits, 1.2 MB"


def test_nothing_is_cached_yet(capsys):
    for action in ("list", "clean"):
        assert main(["cache", action]) == 0
    assert "0 kits" in capsys.readouterr().out
    assert main(["cache", "list", "detector"]) == 1, "names are for clean alone"


def test_clean_takes_all_origins_of_the_kits_it_is_told(cache):
    add(cache, "detector")
    add(cache, "detector-0123abcd", section="mirrored")
    add(cache, "detector-small")
    assert clean_cache(["detector"]) == 2 * len(b"model")
    assert [kit.name for kit in cached_kits(cache)] == ["detector-small"]


def test_clean_leaves_everything_else_in_the_folder(cache):
    add(cache, "detector")
    remember("https://example.org/", silent=True)
    (cache / "thesis.txt").write_text("years of work")
    assert main(["cache", "clean"]) == 0
    assert cached_kits(cache) == []
    assert (cache / "thesis.txt").is_file()
    assert silent_for("https://example.org/") is None


def test_clean_with_a_wrong_name_removes_nothing(cache):
    add(cache, "detector")
    with pytest.raises(KitError, match="'detektor'"):
        clean_cache(["detector", "detektor"])
    assert len(cached_kits(cache)) == 1
