"""Has a kernel write down which kits a lesson loads, and what it finds in them.

A kernel runs the file that ``PYTHONSTARTUP`` names, as every interactive Python does.
The one here listens to ``notebook_utils.kits``, a log of the standard library, and may
put a further catalogue of kits behind ours, for tests with other files.
"""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

KITS_LOG = "CURATOR_KITS_LOG"
CATALOGUES = "CURATOR_CATALOGUES"
STARTUP = Path(__file__).with_name("kernel_startup.py")
_FIELDS = ("kit", "origin", "reason", "what", "found")


def observed(log: Path, catalogues: Sequence[Path] = ()) -> dict[str, str]:
    """Return the variables with which a kernel writes to a log, a JSON object a line.

    It says kit, origin and reason of a kit that is loaded, and kit, origin, what and
    found of a result that `Kit.expect` is told. `catalogues` add to ours or change it.
    """
    variables = {"PYTHONSTARTUP": str(STARTUP), KITS_LOG: str(log)}
    return variables | {CATALOGUES: os.pathsep.join(map(str, catalogues))}


def read_events(log: Path) -> list[dict[str, Any]]:
    """Return what a kernel wrote, in order; nothing if it wrote nothing."""
    if not log.is_file():
        return []
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def observe() -> None:
    """Do in this process what the variables of :func:`observed` say."""
    if log := os.environ.get(KITS_LOG):
        logger = logging.getLogger("notebook_utils.kits")
        logger.setLevel(logging.INFO)
        logger.addHandler(_Recorder(Path(log)))
    if paths := os.environ.get(CATALOGUES):
        from notebook_utils.kits import catalogue

        catalogue.CATALOGUES += tuple(map(Path, paths.split(os.pathsep)))


class _Recorder(logging.Handler):
    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Append the facts that come with a record."""
        facts = vars(record)
        event = {field: facts[field] for field in _FIELDS if field in facts}
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
