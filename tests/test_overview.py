from notebook_utils import list_kits
from notebook_utils.kits import registry
from notebook_utils.kits.overview import show_kits
from notebook_utils.kits.table import Table


def test_every_kit_has_a_row():
    table = show_kits()
    assert [row[0] for row in table.rows] == list(list_kits())
    assert {len(row) for row in table.rows} == {len(table.head)}


def test_sizes_and_licences_are_those_of_both_origins(monkeypatch):
    files = [{"name": "model.xml", "size_bytes": 1500}, {"name": "model.bin"}]
    published = {"licence": "MIT", "proven": True, "files": files}
    entry = {"title": "a model", "included": {}, "published": published}
    monkeypatch.setattr(registry, "_read", lambda _: {"classification-ir": entry})
    (row,) = show_kits().rows
    assert row[0:2] == ("classification-ir", "a model")
    assert row[3:] == ("size not known; more than 2 kB", "MIT", "yes")
    files[1]["size_bytes"] = 998_500
    assert show_kits().rows[0][3] == "1.0 MB"
    published["proven"] = False
    assert show_kits().rows[0][5] == "not yet"
    for file in files:
        del file["size_bytes"]
    assert show_kits().rows[0][3] == "size not known"
    del entry["published"]
    assert show_kits().rows[0][3:] == ("never published", "", "")


def test_what_is_made_here_is_not_given_a_size():
    included = {row[0]: row[2] for row in show_kits().rows}
    assert included["digits"] == "made on this machine"
    assert included["classification-torch"].endswith("B, the rest made on this machine")


def test_a_table_is_text_and_html():
    table = Table("Kit <x>", "a & b", ("file", "size"), [("model.xml", "1 kB")], "Ok.")
    assert str(table).splitlines() == [
        "Kit <x>: a & b",
        "file       size",
        "model.xml  1 kB",
        "Ok.",
    ]
    html = table._repr_html_()
    assert "<b>Kit &lt;x&gt;</b>: a &amp; b" in html
    assert '<th style="text-align:left">file</th>' in html
    assert '<td style="text-align:left">model.xml</td>' in html


def test_only_sizes_are_set_flush_right():
    rows = [("a", "1 kB", "b"), ("c", "400 kB", "d")]
    table = Table("Kit", "two files", ("file", "size", "source"), rows)
    assert str(table).splitlines()[1:] == [
        "file    size  source",
        "a       1 kB  b",
        "c     400 kB  d",
    ]
    assert table._repr_html_().count("text-align:right") == 3
    named = Table("Kit", "two files", table.head, rows, sizes=("source",))
    assert '<td style="text-align:right">d</td>' in named._repr_html_()
