import pytest

from notebook_utils import WorkshopError, load_kit
from notebook_utils.kits import preference
from notebook_utils.kits.preference import (
    kits_widget,
    prefer_origin,
    preferred_origin,
)


@pytest.fixture(autouse=True)
def undecided(monkeypatch):
    monkeypatch.delenv("NOTEBOOK_KITS", raising=False)


def test_nobody_chose():
    assert preferred_origin() == "auto"


def test_a_choice_is_remembered_and_the_variable_comes_first(monkeypatch):
    prefer_origin("included")
    assert preferred_origin() == "included"
    assert "as asked for" in load_kit("classification-ir").reason
    monkeypatch.setenv("NOTEBOOK_KITS", "published")
    assert preferred_origin() == "published"


def test_an_unknown_word_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="found 'famous'"):
        prefer_origin("famous")
    assert preferred_origin() == "auto"
    monkeypatch.setenv("NOTEBOOK_KITS", "famous")
    with pytest.raises(ValueError, match="NOTEBOOK_KITS"):
        preferred_origin()


@pytest.mark.parametrize("content", [b"famous\n", b"\xff\xfe", b""])
def test_a_damaged_memory_is_no_choice(content):
    preference.preference_file().parent.mkdir(parents=True, exist_ok=True)
    preference.preference_file().write_bytes(content)
    assert preferred_origin() == "auto"


def test_where_nothing_can_be_written_the_variable_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "file" / "kits-origin.txt"
    monkeypatch.setattr(preference, "preference_file", lambda: nowhere)
    with pytest.raises(WorkshopError, match="NOTEBOOK_KITS"):
        prefer_origin("included")


def test_the_buttons_show_and_remember_the_choice():
    prefer_origin("published")
    buttons, said = kits_widget().children
    assert buttons.value == "published" and not buttons.disabled
    assert said.value == ""
    buttons.value = "auto"
    assert preferred_origin() == "auto"
    assert said.value.startswith("Remembered: famous where tried")
    assert "next load_kit" in said.value


def test_a_choice_that_cannot_be_remembered_is_told(monkeypatch, tmp_path):
    (tmp_path / "a<b").write_text("")
    nowhere = tmp_path / "a<b" / "kits-origin.txt"
    monkeypatch.setattr(preference, "preference_file", lambda: nowhere)
    buttons, said = kits_widget().children
    buttons.value = "included"
    assert "Could not remember" in said.value and "a&lt;b" in said.value


def test_the_buttons_are_off_where_the_variable_decides(monkeypatch):
    monkeypatch.setenv("NOTEBOOK_KITS", "included")
    buttons, said = kits_widget().children
    assert buttons.disabled
    assert "NOTEBOOK_KITS decides" in said.value
