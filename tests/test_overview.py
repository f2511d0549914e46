from kit_catalogue import KitCatalogue
from notebook_utils import list_kits
from notebook_utils.kits.overview import show_kits
from notebook_utils.kits.table import Table


def test_every_kit_has_a_row():
    table = show_kits()
    assert [row[0] for row in table.rows] == list(list_kits())
    assert {len(row) for row in table.rows} == {len(table.head)}


def test_sizes_and_licences_are_those_of_both_origins(tmp_path, monkeypatch):
    files = [{"name": "model.xml", "url": "a"}, {"name": "model.bin", "url": "b"}]
    kit = {"title": "a model", "published": {"licence": "MIT", "files": files}}
    catalogue = KitCatalogue(monkeypatch, tmp_path, {"classification-ir": kit})
    assert show_kits().rows[0][:2] == ("classification-ir", "a model")

    def published():
        (row,) = show_kits().rows
        return row[3:]

    assert published() == ("more than 0 B", "MIT", "not yet")
    files[0]["about_mb"] = 0.5
    files[1]["about_mb"] = 2
    catalogue.write()
    assert published() == ("about 2.5 MB", "MIT", "not yet")
    pins = {"a": b"\0" * 1500, "b": b"\0" * 998_500}
    catalogue.pin(pins)
    assert published() == ("1.0 MB", "MIT", "not yet")
    catalogue.pin(pins, verified=["classification-ir"])
    assert published() == ("1.0 MB", "MIT", "yes")
    del kit["published"]
    catalogue.write()
    assert published() == ("never published", "", "")


def test_what_is_made_here_is_not_given_a_size():
    included = {row[0]: row[2] for row in show_kits().rows}
    assert included["digits"] == "made on this machine"
    assert included["classification-torch"].endswith("B, the rest made on this machine")


def test_a_table_is_text_and_html_with_sizes_flush_right():
    rows = [("<x>", "1 kB", "b"), ("c", "400 kB", "d")]
    table = Table("Kit <x>", "a & b", ("file", "size", "source"), rows, "Ok.")
    assert str(table).splitlines() == [
        "Kit <x>: a & b",
        "file    size  source",
        "<x>     1 kB  b",
        "c     400 kB  d",
        "Ok.",
    ]
    html = table._repr_html_()
    assert "<b>Kit &lt;x&gt;</b>: a &amp; b" in html
    assert '<td style="text-align:left">&lt;x&gt;</td>' in html
    assert '<th style="text-align:right">size</th>' in html
    assert html.count("text-align:right") == 3
    named = Table("Kit", "two files", table.head, rows, sizes=("source",))
    assert '<td style="text-align:right">d</td>' in named._repr_html_()
