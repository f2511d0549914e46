"""Text and JSON that is written whole or not at all."""

import json
from pathlib import Path

from notebook_utils.files import write_whole


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, with line feeds on every system.

    Parameters
    ----------
    path
        The file; its folder is made where it is missing.
    text
        The whole content.
    """
    with write_whole(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, content: object) -> None:
    """Write `content` as indented JSON."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
