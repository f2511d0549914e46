"""The included files of a kit, and those that are generated once beside them."""

from pathlib import Path

from ..download import file_sha256
from ..errors import DownloadError, KitError
from ..files import write_whole
from .cache import cache_dirs, writing_to_cache
from .catalogue import CatalogueEntry
from .packaged import made


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
                generator = generators.get(name)
                original = originals / name
                content = made(generator) if generator else original.read_bytes()
                with writing_to_cache(len(content)), write_whole(folder / name) as file:
                    file.write(content)
    except DownloadError as error:  # the cache cannot be written to
        raise KitError(
            f"The included files of kit {entry.name!r} cannot be completed: {error}."
        ) from error
    return folder
