"""The included files of a kit, and those that are generated once beside them."""

import io
from importlib import import_module
from pathlib import Path

from ..download import file_sha256
from ..errors import DownloadError, KitError
from ..files import write_whole
from .cache import cache_dirs, writing_to_cache
from .catalogue import CatalogueEntry


def included_folder(name: str) -> Path:
    """Return the folder of a kit's included files: in the wheel, or in the checkout."""
    package = Path(__file__).resolve().parents[1]
    for kits in (package / "data" / "kits", package.parents[1] / "data" / "kits"):
        if (kits / name).is_dir():
            return kits / name
    raise KitError(
        f"The included files of kit {name!r} are missing. Install the package again."
    )


def complete_folder(entry: CatalogueEntry) -> Path:
    """Return a folder with all included files of a kit, the generated ones among them.

    Files too large for git are generated once, in the cache, where the others are
    copied beside them. The folder's name changes with the kit's card, so that a new
    version does not meet old files.
    """
    originals = included_folder(entry.name)
    generators = entry.included.generated
    if not generators:
        return originals
    version = file_sha256(originals / "card.json")[:8]
    names = sorted({path.name for path in originals.iterdir()} | set(generators))
    folders = [place / "included" / f"{entry.name}-{version}" for place in cache_dirs()]
    for folder in folders:
        if all((folder / name).is_file() for name in names):
            return folder
    folder = folders[0]
    try:
        for name in names:
            if not (folder / name).is_file():
                content = _content(originals / name, generators.get(name))
                with writing_to_cache(len(content)), write_whole(folder / name) as file:
                    file.write(content)
    except DownloadError as error:  # the cache cannot be written to
        raise KitError(
            f"The included files of kit {entry.name!r} cannot be completed: {error}."
        ) from error
    return folder


def _content(original: Path, generator: str | None) -> bytes | memoryview:
    """Return the bytes of an original, or what a function ``module:name`` writes.

    The function writes to memory first: a framework that meets a full disk raises
    errors of its own, and the bytes tell how much room they need.
    """
    if generator is None:
        return original.read_bytes()
    module, _, function = generator.partition(":")
    buffer = io.BytesIO()
    getattr(import_module(module), function)(buffer)
    return buffer.getbuffer()
