"""Files fetched whole and verified, or not at all.

``fetching`` asks one address after the other, ``transfer`` makes one attempt,
``partial`` keeps what has arrived so that the next attempt resumes there, ``retry`` is
the retry policy, ``progress`` shows a bar, and ``expected`` compares size and checksum.
"""

from .expected import ExpectedFile as ExpectedFile
from .expected import file_sha256 as file_sha256
from .fetching import download_file as download_file
from .fetching import fetch_first as fetch_first
from .retry import RetryPolicy as RetryPolicy
