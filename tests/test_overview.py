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
    assert row[3:] == ("over 2 kB", "MIT", "yes")
    files[1]["size_bytes"] = 998_500
    assert show_kits().rows[0][3] == "1.0 MB"
    del entry["published"]
    assert show_kits().rows[0][3:] == ("never published", "", "")


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
    assert "<th>file</th>" in html and "<td>model.xml</td>" in html
