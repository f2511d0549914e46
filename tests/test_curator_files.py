import json

import pytest

from curator.files import write_json, write_text


def test_file_is_written_with_its_folder(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_text(path, "naïve\n")
    assert path.read_bytes() == "naïve\n".encode()
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_ends_with_a_line_feed(tmp_path):
    write_json(tmp_path / "file.json", {"a": "ü"})
    text = (tmp_path / "file.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert json.loads(text) == {"a": "ü"}
