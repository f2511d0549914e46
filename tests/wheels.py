"""Wheels of a few hundred bytes, and one of the uv that is installed here."""

import importlib.metadata
import zipfile
from pathlib import Path

import needs


def write_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": about,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in files)
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)


def write_uv_wheel(folder: Path) -> None:
    try:
        uv = importlib.metadata.distribution("uv")
    except importlib.metadata.PackageNotFoundError:
        needs.missing("uv is not installed here: pip installed this environment")
    folder.mkdir(parents=True, exist_ok=True)
    scripts = f"uv-{uv.version}.data/scripts"
    path = folder / f"uv-{uv.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file in uv.files or []:
            name = str(file) if ".." not in file.parts else f"{scripts}/{file.name}"
            if file.name not in ("RECORD", "INSTALLER", "REQUESTED"):
                wheel.write(str(uv.locate_file(file)), name)
        wheel.writestr(f"uv-{uv.version}.dist-info/RECORD", "")


def write_index(folder: Path, wheels: Path) -> None:
    """Write the pages of an index, as pip and uv read them, for a folder of wheels."""
    links: dict[str, str] = {}
    for wheel in sorted(wheels.glob("*.whl")):
        name = wheel.name.split("-")[0]
        links.setdefault(name, "")
        links[name] += f'<a href="../../{wheels.name}/{wheel.name}">{wheel.name}</a>\n'
    for name, page in links.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "index.html").write_text(page)
