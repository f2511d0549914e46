import os
import time

import pytest

from notebook_utils.kits.hosts import remember, silent_for

pytestmark = pytest.mark.usefixtures("kits_cache")
ADDRESS = "https://example.org/model.xml"


@pytest.mark.parametrize(
    ("ago_s", "is_silent"),
    [(590, True), (610, False), (-3600, False)],  # the last: the clock was put back
)
def test_a_silent_host_is_asked_again_after_ten_minutes(kits_cache, ago_s, is_silent):
    remember(ADDRESS, silent=True)
    (note,) = kits_cache.glob("*/*")
    os.utime(note, (time.time() - ago_s, time.time() - ago_s))
    assert (silent_for("https://example.org/labels.txt") is not None) is is_silent


def test_the_memory_is_of_hosts_and_their_ports():
    remember("http://127.0.0.1:8000/model.xml", silent=True)
    assert silent_for("http://127.0.0.1:8001/model.xml") is None
    assert silent_for(ADDRESS) is None
    remember("http://127.0.0.1:8000/labels.txt", silent=False)
    assert silent_for("http://127.0.0.1:8000/model.xml") is None
    remember("https://user:secret@example.org/", silent=True)
    assert silent_for(ADDRESS) is not None


def test_a_memory_that_cannot_be_written_is_no_error(kits_cache):
    kits_cache.write_text("no folder")
    remember(ADDRESS, silent=True)
    assert silent_for(ADDRESS) is None
