import pytest

from conftest import Answer
from curator.collection import read_collection
from curator.links import (
    Address,
    ask,
    check_addresses,
    kit_addresses,
    page_addresses,
)
from fixtures.curator_lessons import make_checkout, notebook, text


def test_address_that_answers_is_fine(server):
    server.answers["/there"] = Answer(b"x" * 1000)
    assert ask(server.url("/there")) == ""


@pytest.mark.parametrize("status", [401, 403, 405, 429])
def test_site_that_lets_no_program_in_is_not_judged(server, status):
    server.answers["/closed"] = Answer(status=status)
    assert ask(server.url("/closed")) == ""


def test_missing_page_is_found_after_three_tries(server):
    assert ask(server.url("/gone")) == "status 404"
    assert server.requests == ["/gone"] * 3


def test_page_that_answers_at_last_is_fine(server):
    server.answers["/busy"] = [Answer(status=503), Answer(b"here")]
    assert ask(server.url("/busy")) == ""


def test_host_that_is_not_there_is_found():
    assert ask("http://127.0.0.1:9/x") == "no answer (ConnectionError)"


def test_address_is_asked_once_and_all_its_places_are_told(server):
    url = server.url("/gone")
    server.answers["/there"] = Answer(b"x")
    good, bad = check_addresses(
        [
            Address(server.url("/there"), "README.md"),
            Address(url, "01-a.ipynb"),
            Address(url, "00-b.ipynb"),
        ]
    )
    assert good.passed
    assert bad.findings == (f"00-b.ipynb, 01-a.ipynb: {url}: status 404",)
    assert server.requests.count("/gone") == 3


def test_addresses_of_kits_are_those_of_published_files(monkeypatch):
    kits = {
        "a": {
            "published": {"files": [{"url": "https://h/x", "mirrors": ["https://m"]}]}
        },
        "b": {"published": {"files": [{"kagglehub": "a/b"}]}},
        "c": {"included": {}},
    }
    monkeypatch.setattr("curator.links.registry", lambda: kits)
    assert list(kit_addresses()) == [
        Address("https://h/x", "kit a"),
        Address("https://m", "kit a"),
    ]


def test_links_of_lessons_are_found_without_their_anchors(tmp_path):
    book = notebook(
        text("[a](https://host/a#part) ![b](https://host/b.png) [c](02-c.ipynb)"),
        "'https://host/code'",
    )
    root = make_checkout(tmp_path, {"00-first": book})
    lessons = read_collection(root / "notebooks").lessons
    found = [address.url for address in page_addresses(root, lessons)]
    assert found == ["https://host/a", "https://host/b.png"]
