"""Where the lessons live and where they write.

The notebooks in the checkout are the originals. People work on copies, which are made
once and never overwritten, so that neither an update of the checkout nor a second start
costs anybody a line of what they wrote. The copies have no outputs: a guess is no guess
with the answer below it, and Jupyter trusts only outputs that were made here, so that a
page opened again would show the sliders of anybody else's run as text.
"""

import json
import os
import re
import shutil
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_data_path

from .errors import WorkshopError
from .files import write_whole

APPLICATION = "inference-workshop"


def checkout() -> Path | None:
    """Find the repository that this package runs from; a wheel has no notebooks."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "notebooks" / "collection.toml").is_file() else None


def work_dir() -> Path:
    """Return the folder for a person's copies and results, and make it.

    It is ``work/`` in the checkout, and the user's own data folder where there is none
    or it cannot be written to, such as one shared by a class.
    """
    root = checkout()
    if root is not None:
        work = root / "work"
        with suppress(OSError):
            work.mkdir(exist_ok=True)
            if os.access(work, os.W_OK):
                return work
    return _make(user_data_path(APPLICATION, appauthor=False))


def cache_dir() -> Path:
    """Return the folder for files that can be fetched or generated again.

    It is the user's cache folder, or the one that the environment variable
    ``NOTEBOOK_KITS_CACHE`` names, and may not exist yet.
    """
    chosen = os.environ.get("NOTEBOOK_KITS_CACHE")
    return Path(chosen) if chosen else user_cache_path(APPLICATION, appauthor=False)


def output_dir(lesson: str) -> Path:
    """Return the folder that a lesson writes its files to, and make it.

    Parameters
    ----------
    lesson
        The lesson's number, such as ``"01"``: letters, digits, ``-`` and ``_``.

    Returns
    -------
    Path
        ``work/output/<lesson>``, absolute.

    Raises
    ------
    ValueError
        `lesson` holds another character.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", lesson):
        raise ValueError(f"Expected a lesson's number such as '01', found {lesson!r}.")
    return _make(work_dir() / "output" / lesson)


def copy_notebooks() -> Path:
    """Copy every notebook that the work folder, which is returned, does not hold yet.

    Pages that the notebooks link to, such as the glossary, are copied each time.
    """
    work = work_dir()
    originals = _originals()
    for original in originals:
        _copy_once(original, work / original.name)
    for page in originals[0].parent.glob("*.md"):
        shutil.copyfile(page, work / page.name)
    return work


def reset_notebook(name: str) -> tuple[Path, Path | None]:
    """Bring a fresh copy of a notebook and keep the old one, if any, beside it.

    `name` is its number (``"02"``), its stem or its file name. Both paths are returned;
    the old copy's name ends in ``-mine``.
    """
    originals = _originals()
    stem = name.removesuffix(".ipynb")
    found = [o for o in originals if o.stem == stem or o.stem.split("-")[0] == stem]
    if len(found) != 1:
        known = ", ".join(original.stem for original in originals)
        raise WorkshopError(
            f"No notebook is called {name!r}. The notebooks are: {known}."
        )
    fresh = work_dir() / found[0].name
    kept = _set_aside(fresh) if fresh.exists() else None
    _copy_once(found[0], fresh)
    return fresh, kept


def clear_outputs(notebook: MutableMapping[str, Any]) -> None:
    """Take out of a notebook, in Jupyter's format 4, what a run has left in it."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)


def _make(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkshopError(
            f"The folder {folder} for your work cannot be made: "
            f"{error.strerror or error}. Free some space there, or set the variable "
            "HOME (Windows: LOCALAPPDATA) to a folder that you may write to."
        ) from error
    return folder


def _originals() -> list[Path]:
    root = checkout()
    if root is None:
        raise WorkshopError(
            "The notebooks are not part of the installed package. Run this from a "
            "checkout of Inference Workshop: python start.py lab"
        )
    return sorted((root / "notebooks").glob("*.ipynb"))


def _copy_once(original: Path, copy: Path) -> None:
    if not copy.exists():
        notebook = json.loads(original.read_bytes())
        clear_outputs(notebook)
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        with write_whole(copy) as file:
            file.write(text.encode())


def _set_aside(copy: Path) -> Path:
    kept = copy.with_stem(f"{copy.stem}-mine")
    count = 1
    while kept.exists():
        count += 1
        kept = copy.with_stem(f"{copy.stem}-mine-{count}")
    return copy.rename(kept)
