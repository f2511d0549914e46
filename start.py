"""usage: python start.py [--venv FOLDER] [--wheels FOLDER] COMMAND ...

  lab              open JupyterLab on the first notebook; it takes further options
  run [NAMES]      run notebooks without a browser and write a report
  test [ARGS]      run the unit tests and every notebook; --all adds the slow lanes
  doctor           check this machine, with a remedy for what is missing
  reset [NAME]     bring a fresh copy of a notebook; yours is kept

  --venv FOLDER    where the environment goes (default: .venv beside start.py)
  --wheels FOLDER  install from this folder of wheels, without a network

Exit status: 2 this machine cannot install, 1 pip failed, otherwise the command's own.
"""

# Syntax that Python 3.6 can read: an old Python gets a sentence, not a SyntaxError.
import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"
PYTHONS = ((3, 11), (3, 12), (3, 13))
PLATFORMS = {"Linux": "x86_64 aarch64", "Darwin": "arm64", "Windows": "AMD64"}
DISK_GB = 6
COMMANDS = "lab, run, test, doctor, reset, kits, cache, prefetch, serve"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
COUNT_BYTES = """import sys, urllib.request as web
asked = [web.urlopen(web.Request(u, method="HEAD"), timeout=3) for u in sys.argv[1:]]
print(sum(int(answer.headers["Content-Length"] or 0) for answer in asked))"""
SIZE_OF = [sys.executable, "-c", COUNT_BYTES]  # A child can be stopped if DNS hangs.


class Environment:
    """A virtual environment, and the folder of wheels to install from (or None)."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder, self.wheels = folder, wheels
        self.python = folder / ("Scripts/python.exe" if WINDOWS else "bin/python")
        source = ["--no-index", "--find-links", str(wheels.resolve())] if wheels else []
        self.pip = [str(self.python), "-m", "pip", "install", *source]
        self.pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        self.place = ascii(str(folder))
        self.wanted = self.place + ascii((str(ROOT), self.pins, project))
        self.stamp = folder / "inference-workshop.stamp"
        self.stamped = self.stamp.read_text() if self.stamp.exists() else self.place

    def usable(self) -> bool:
        """Tell whether its Python starts, is of this version, and was not moved."""
        code = f"import pip, sys; print(sys.version_info[:2] == {sys.version_info[:2]})"
        starts = b"True" in ask([str(self.python), "-c", code])
        return starts and self.stamped.startswith(self.place)

    def prepare(self) -> None:
        """Install what this checkout needs, nothing twice; the stamp comes last."""
        self.check_machine()
        say(f"[1/4] The environment in {self.folder}")
        if not self.usable():
            self.make()
        self.stamp.write_text(self.place)
        for info in self.folder.rglob("site-packages/*.dist-info"):
            if not (info / "RECORD").exists():  # pip was killed and must do it again.
                shutil.rmtree(str(info))
        probe = "--dry-run --no-deps --ignore-installed --retries 0 --timeout 10"
        if not ask([*self.pip, *probe.split(), "hatchling", "editables"]):
            if self.wheels:
                fill = "Fill it online: pip wheel -w FOLDER pip hatchling editables"
                fill += f" -r requirements.txt --extra-index-url {CPU_INDEX}"
                stop(f"{self.wheels} holds no wheels that would do.", fill)
            remedy = "Check the network and `pip config list`, or use --wheels FOLDER."
            stop("pip reaches no package index.", remedy)
        self.install("[2/4] pip itself", "--upgrade", "pip")
        self.install_torch()
        self.install("[4/4] The rest: up to 1 GB to fetch", "-r", "requirements.txt")
        self.stamp.write_text(self.wanted)

    def check_machine(self) -> None:
        """Refuse, before anything is made, where an install cannot succeed."""
        system, machine = platform.system(), platform.machine()
        if machine not in PLATFORMS.get(system, "").split():
            remedy = "Use Linux, Windows on x86-64, macOS on Apple silicon, or Binder."
            stop(f"OpenVINO has no wheels for {system} on {machine}.", remedy)
        if system == "Linux" and platform.libc_ver()[0] != "glibc":
            stop("OpenVINO has no wheels for musl.", "Use a Linux with glibc: Debian.")
        if not ask([sys.executable, "-c", "import venv, ensurepip; print(1)"]):
            stop("this Python lacks ensurepip.", "On Debian: apt install python3-venv.")
        inside = [path.name for path in self.folder.glob("*")]
        if inside and "pyvenv.cfg" not in inside and self.folder.name != ".venv":
            remedy = "Delete it, or name a new one: --venv FOLDER."
            stop(f"{self.folder} holds something else than an environment.", remedy)
        parent = next(p for p in (self.folder, *self.folder.parents) if p.exists())
        if not os.access(str(parent), os.W_OK):
            stop(f"{parent} cannot be written.", "Name another folder: --venv FOLDER.")
        held = sum(file.lstat().st_size for file in self.folder.rglob("*"))
        free = (held + shutil.disk_usage(str(parent)).free) / 1e9
        if free < DISK_GB:
            remedy = "Make room, or name a folder on another disk: --venv FOLDER."
            stop(f"{parent} has {free:.1f} GB free; {DISK_GB} are needed.", remedy)

    def make(self) -> None:
        """Make the environment, said aloud where it takes the place of another one."""
        if self.folder.exists():
            say("It is incomplete, was moved or is of another Python: making it again.")
        if subprocess.call([sys.executable, "-m", "venv", "--clear", str(self.folder)]):
            stop("python -m venv failed; see above.", "Delete the folder.", 1)

    def install(self, stage: str, *arguments: str) -> None:
        """Run pip in the checkout, where ``-e .`` is; progress bars on a terminal."""
        say(stage)
        quiet = [] if sys.stderr.isatty() else ["--quiet"]
        if subprocess.call([*self.pip, *quiet, *arguments], cwd=str(ROOT), stdout=2):
            stop("pip failed; see above.", "The same command goes on from here.", 1)

    def install_torch(self) -> None:
        """Install torch in a call of its own: Linux has an index of CPU builds."""
        pins = [line for line in self.pins.splitlines() if line.startswith("torch")]
        linux = sys.platform == "linux" and not self.wheels
        cpu = linux and ask([*SIZE_OF, f"{CPU_INDEX}/torch/"], 3)
        from_index = ["--index-url", CPU_INDEX, *pins] if cpu else pins
        report = ask([*self.pip, "-q", "--dry-run", "--report", "-", *from_index], 600)
        archives = json.loads(report)["install"] if report else []
        if any(a["metadata"]["name"].startswith(("nvidia", "cuda")) for a in archives):
            size = ask([*SIZE_OF, *(a["download_info"]["url"] for a in archives)], 15)
            gigabytes = f"{int(size) / 1e9:.1f}" if size else "several"
            say(f"{CPU_INDEX} is silent; the CUDA build is {gigabytes} GB to fetch.")
        self.install(f"[3/4] {' and '.join(pins)}", *from_index)


def say(line: str) -> None:
    """Print to standard error: standard output belongs to the command."""
    print(line, file=sys.stderr, flush=True)


def stop(what: str, remedy: str, status: int = 2) -> None:
    """End with one sentence on what is wrong and one on what to do about it."""
    say(f"start.py: {what}\n  {remedy}")
    raise SystemExit(status)


def ask(command: list, seconds: float = 60) -> bytes:
    """Return what a program prints; b"" where it does not start, fails or is late."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        null = subprocess.DEVNULL
        return subprocess.check_output(command, stderr=null, timeout=seconds)
    return b""


def check_python(arguments: list) -> None:
    """Refuse a Python that has no wheels, and name one on this machine that has."""
    if sys.version_info[:2] in PYTHONS and sys.maxsize > 2**32:
        return
    remedy = "Install Python 3.13 (64-bit) from https://www.python.org/downloads/"
    for major, minor in PYTHONS:  # The newest one found has the last word.
        other = ["py", f"-{major}.{minor}"] if WINDOWS else [f"python{major}.{minor}"]
        if ask([*other, "-c", "import sys, venv; print(1 / (sys.maxsize > 2**32))"]):
            command = subprocess.list2cmdline([*other, sys.argv[0], *arguments])
            remedy = f"Call: {command}"
    found = f"{platform.python_version()} {platform.architecture()[0]}"
    stop(f"this is Python {found}; 3.11 to 3.13 (64-bit) is needed.", remedy)


def main(arguments: list) -> int:
    """Read the options, wherever they stand; prepare if need be; hand over."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, usage=__doc__)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--wheels", type=Path)
    options, words = parser.parse_known_args(arguments)
    wants_help = not words or bool({"-h", "--help"}.intersection(words))
    if wants_help or words[0].startswith("-"):
        print(__doc__)
        return 0 if wants_help else 2
    if words[0] not in COMMANDS.split(", "):  # Said before anything is installed.
        stop(f"no command is called {words[0]!r}.", f"There are: {COMMANDS}.")
    check_python(arguments)
    os.environ.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_USER="0")
    env = Environment(options.venv.resolve(), options.wheels)
    if env.stamped != env.wanted or not env.usable():
        env.prepare()
    os.environ["PATH"] = f"{env.python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    module = "curator" if words[0] in ("run", "test") else "notebook_utils"
    command = [str(env.python), "-m", module, *words]
    if not WINDOWS:
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command to answer.
    return subprocess.call(command)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        stop("interrupted.", "The same command goes on from here.", 130)
