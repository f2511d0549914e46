"""Files fetched whole and verified, or not at all.

``fetching`` decides what is to be done and asks one address after the other,
``transfer`` makes one attempt, ``partial`` keeps what has arrived so that the next
attempt goes on from there, ``retry`` says how long to wait, ``progress`` shows it,
and ``wanted`` knows a right file from a wrong one.
"""

from .fetching import download_file as download_file
from .fetching import fetch_first as fetch_first
from .wanted import Wanted as Wanted
from .wanted import file_sha256 as file_sha256
