"""usage: python start.py [--venv FOLDER] [--wheels FOLDER] COMMAND ...

  lab              open JupyterLab on the first notebook; it takes further options
  run [NAMES]      run notebooks without a browser and write a report
  test [ARGS]      run the unit tests and every notebook; --all adds the slow ones
  doctor           check this machine, with a remedy for what is missing
  reset [NAME]     bring a fresh copy of a notebook; yours is kept
  site             build the site

  --venv FOLDER    where the environment goes (default: .venv beside start.py)
  --wheels FOLDER  install from this folder of wheels, without a network

Exit status: 2 this machine cannot install, 1 pip failed, otherwise the command's own.
"""

# Syntax that Python 3.6 can read: an old Python gets a sentence, not a SyntaxError.
import argparse
import ast
import contextlib
import csv
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
COMMANDS = "lab, run, test, doctor, reset, kits, cache, prefetch, serve, site"
CURATOR = ("run", "test", "site")  # The other commands are of notebook_utils.
DEVELOPER = ("test", "site")  # They need requirements-dev.txt, the others a part of it.
LEARNER_FILES = ("requirements.txt", "constraints.txt", "pyproject.toml")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
COUNT_BYTES = """import sys, urllib.request as web
asked = [web.urlopen(web.Request(u, method="HEAD"), timeout=3) for u in sys.argv[1:]]
print(sum(int(answer.headers["Content-Length"] or 0) for answer in asked))"""
SIZE_OF = [sys.executable, "-c", COUNT_BYTES]  # A child can be stopped if DNS hangs.
# Each Python brings a wheel of pip, which runs where it lies; Debian has it elsewhere.
FIND_PIP = """import ensurepip, pathlib, sysconfig, venv
own = pathlib.Path(ensurepip.__file__).with_name("_bundled")
folders = [pathlib.Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or own), own]
print([wheel for folder in folders for wheel in folder.glob("pip-*.whl")][0])"""

# uv does not read pip's configuration, where a company or a school names its index.
# pip's name of a setting: the variables that say the same to uv, and what separates
# several values there.
UV_VARIABLES = {
    "index-url": (" ", "UV_DEFAULT_INDEX"),
    "extra-index-url": (" ", "UV_INDEX"),
    "find-links": (",", "UV_FIND_LINKS"),
    "no-index": (" ", "UV_NO_INDEX"),
    "constraint": (" ", "UV_CONSTRAINT"),
    "trusted-host": (" ", "UV_INSECURE_HOST"),
    "timeout": (" ", "UV_HTTP_TIMEOUT"),
    "default-timeout": (" ", "UV_HTTP_TIMEOUT"),
    "cert": (" ", "SSL_CERT_FILE"),
    "client-cert": (" ", "SSL_CLIENT_CERT"),
    "proxy": (" ", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
}
# As pip: the best version of all indexes, the system's certificates, no uv.toml.
LIKE_PIP = {
    "UV_INDEX_STRATEGY": "unsafe-best-match",
    "UV_SYSTEM_CERTS": "1",
    "UV_NO_CONFIG": "1",
}


class Environment:
    """A virtual environment, and how to bring it to what this checkout needs.

    Packages come from the configured indexes, or from a folder of wheels alone.
    """

    def __init__(self, folder: Path, wheels: Path, developer: bool) -> None:
        self.folder, self.wheels = folder, wheels
        self.python = folder / ("Scripts/python.exe" if WINDOWS else "bin/python")
        self.source = []
        if wheels:
            self.source = ["--no-index", "--find-links", str(wheels.resolve())]
        self.uv = [str(self.python), "-m", "uv", "pip", "install", *self.source]
        self.uv += ["--python", str(self.python)]
        self.uv += ["--build-constraint", "constraints.txt"]
        self.uv_environment = {}  # Filled once uv is there; until then pip installs.
        self.requirements = "requirements-dev.txt" if developer else "requirements.txt"
        texts = [(ROOT / name).read_text(encoding="utf-8") for name in LEARNER_FILES]
        lock = texts[1].splitlines()
        self.pins = [x for x in lock if x.startswith(("torch==", "torchvision=="))]
        # The stamp says what is installed: the learner's part first, the rest after it.
        self.place = ascii(str(folder))
        self.wanted = self.place + ascii((str(ROOT), *texts))
        if developer:
            self.wanted += ascii((ROOT / self.requirements).read_text(encoding="utf-8"))
        self.stamp = folder / "inference-workshop.stamp"
        self.stamped = self.stamp.read_text() if self.stamp.exists() else self.place

    def ready(self) -> bool:
        """Tell whether it holds what is wanted; it may hold more."""
        return self.stamped.startswith(self.wanted) and self.usable()

    def usable(self) -> bool:
        """Tell whether its Python starts, is of this version, and was not moved."""
        code = f"import sys; print(sys.version_info[:2] == {sys.version_info[:2]})"
        starts = b"True" in ask([str(self.python), "-c", code])
        return starts and self.stamped.startswith(self.place)

    def prepare(self) -> None:
        """Install what this checkout needs, nothing twice; the stamp comes last."""
        self.check_machine()
        say(f"[1/3] The environment in {self.folder}")
        if not self.usable():
            self.make()
        self.stamp.write_text(self.place)
        self.remove_half_installed()
        say("[2/3] uv, which installs faster than pip")
        self.fetch_uv()
        say(f"[3/3] The packages of {self.requirements}: up to 1 GB to fetch")
        self.install_torch()
        self.install("-c", "constraints.txt", "pip", "-r", self.requirements)
        self.stamp.write_text(self.wanted)

    def check_machine(self) -> None:
        """Refuse, before anything is made, where an install cannot succeed."""
        system, machine = platform.system(), platform.machine()
        if machine not in PLATFORMS.get(system, "").split():
            remedy = "Use Linux, Windows on x86-64, macOS on Apple silicon, or Binder."
            stop(f"OpenVINO has no wheels for {system} on {machine}.", remedy)
        if system == "Linux" and platform.libc_ver()[0] != "glibc":
            stop("OpenVINO has no wheels for musl.", "Use a Linux with glibc: Debian.")
        wheel = ask([sys.executable, "-c", FIND_PIP]).decode().strip()
        if not wheel:
            stop("this Python lacks ensurepip.", "On Debian: apt install python3-venv.")
        self.bundled_pip = [str(self.python), f"{wheel}/pip"]
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
        """Make the environment, said aloud where it takes the place of another one.

        Without pip, which takes seconds to install; uv does it with all the rest.
        """
        if self.folder.exists():
            say("It is incomplete, was moved or is of another Python: making it again.")
        command = [sys.executable, "-m", "venv", "--clear", "--without-pip"]
        if subprocess.call([*command, str(self.folder)]):
            stop("python -m venv failed; see above.", "Delete the folder.", 1)

    def remove_half_installed(self) -> None:
        """Forget packages whose files are not all there: an installer was killed."""
        for info in self.folder.rglob("site-packages/*.dist-info"):
            if not is_whole(info):
                shutil.rmtree(str(info))

    def fetch_uv(self) -> None:
        """Install uv with pip and hand it pip's configuration, or say why not."""
        quick = ["--retries", "0", "--timeout", "10"]
        install = [*self.bundled_pip, "install", *self.source, *quick]
        command = [*install, "-c", "constraints.txt", "uv"]
        done = subprocess.run(
            command, cwd=str(ROOT), stdout=2, stderr=subprocess.PIPE, text=True
        )
        if done.returncode == 0:
            listing = ask([*self.bundled_pip, "config", "list"], cwd=str(ROOT))
            handed = uv_variables(listing.decode(errors="replace"))
            self.uv_environment = {**os.environ, **LIKE_PIP, **handed}
            return
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = errors[-1] if errors else f"status {done.returncode}"
        say(f"uv is not available, so pip installs. {reason}")
        probe = ["--dry-run", "--no-deps", "--ignore-installed"]
        if ask([*install, *probe, "hatchling", "editables"]):
            return
        if self.wheels:
            fill = "Fill it online: pip wheel -w FOLDER pip uv hatchling editables"
            fill += f" -r requirements.txt --extra-index-url {CPU_INDEX}"
            stop(f"{self.wheels} holds no wheels that would do.", fill)
        remedy = "Check the network and `pip config list`, or use --wheels FOLDER."
        stop("pip reaches no package index.", remedy)

    def install_torch(self) -> None:
        """On Linux, take the CPU build of torch, or say what comes in its place."""
        if sys.platform != "linux" or self.wheels:
            return  # The other systems' torch has no CUDA in it.
        infos = [pin.replace("==", "-") + "*.dist-info" for pin in self.pins]
        if all(any(self.folder.rglob(info)) for info in infos):
            return
        if ask([*SIZE_OF, f"{CPU_INDEX}/torch/"], 3):
            say(f"{' and '.join(self.pins)}, the CPU build, from {CPU_INDEX}")
            self.install("--no-deps", "--index-url", CPU_INDEX, *self.pins)
            return
        say(f"{CPU_INDEX} is silent: torch comes from the configured indexes.")
        names, size = (self.uv_environment and self.ask_uv()) or self.ask_pip()
        if has_cuda(names):
            amount = f"{size / 1e9:.1f} GB" if size else "several GB"
            say(f"They have the build for CUDA: {amount} to fetch for torch alone.")

    def ask_uv(self) -> tuple:
        """Ask uv for the names of torch and all it needs, and for their bytes if CUDA.

        The bytes take seconds, since uv then reads wheels that are on this disk.
        """
        import tomllib  # Not in the Pythons that are refused.

        command = [str(self.python), "-m", "uv", "pip", "compile", "--quiet", "-"]
        command += ["--no-header", "--no-annotate", "--python", str(self.python)]
        asked = {"input": "\n".join(self.pins).encode(), "env": self.uv_environment}
        names = ask(command, **asked).decode().splitlines()
        if not has_cuda(names):
            return names and (names, 0)
        lock = ask([*command, "--format", "pylock.toml"], **asked).decode()
        packages = tomllib.loads(lock).get("packages", [])
        wheels = [wheel for p in packages for wheel in p.get("wheels", [])[:1]]
        return names, sum(wheel.get("size", 0) for wheel in wheels)

    def ask_pip(self) -> tuple:
        """Ask pip for the same; from an index without metadata it fetches to look."""
        say("That may be the build for CUDA, several GB. pip looks what it is.")
        report = self.folder / "torch.json"
        install = [*self.bundled_pip, "install", *self.source]
        words = ["--dry-run", "--report", str(report), *self.pins]
        if subprocess.call([*install, *words], cwd=str(ROOT), stdout=2):
            return [], 0
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
        report.unlink()
        size = ask([*SIZE_OF, *(p["download_info"]["url"] for p in found)], 15)
        return [p["metadata"]["name"] for p in found], int(size or 0)

    def install(self, *arguments: str) -> None:
        """Install with uv, or with pip where there is no uv or it failed.

        Both run in the checkout, which ``-e .`` means, and show their progress.
        """
        if self.uv_environment:
            command = [*self.uv, *arguments]
            status = subprocess.call(
                command, cwd=str(ROOT), stdout=2, env=self.uv_environment
            )
            if status == 0:
                return
            say(f"uv ended with status {status}, see above: pip goes on from here.")
            self.uv_environment = {}
            self.remove_half_installed()
        command = [*self.bundled_pip, "install", *self.source, *arguments]
        if subprocess.call(command, cwd=str(ROOT), stdout=2):
            stop("pip failed; see above.", "The same command goes on from here.", 1)


def has_cuda(names: list) -> bool:
    """Tell whether libraries of CUDA are among packages."""
    return any(name.startswith(("nvidia", "cuda")) for name in names)


def uv_variables(listing: str) -> dict:
    """Translate what ``pip config list`` prints into variables that uv reads."""
    settings = {}
    for section in ("global.", "install.", ":env:."):  # The last one wins, as in pip.
        for line in listing.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(section):
                settings[key[len(section) :]] = ast.literal_eval(value)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # pip reads these as well.
        if os.environ.get(name):
            settings.setdefault("cert", os.environ[name])
    variables = {}
    for name, (separator, *targets) in UV_VARIABLES.items():
        if name in settings:
            value = separator.join(str(settings[name]).split())
            variables.update(dict.fromkeys(targets, value))
    return variables


def is_whole(info: Path) -> bool:
    """Tell whether all files of an installed package are there, in their sizes."""
    record = info / "RECORD"
    if not record.exists():
        return False
    for name, *_, size in csv.reader(record.read_text(encoding="utf-8").splitlines()):
        file = info.parent / name
        if size.isdigit() and not (file.exists() and file.stat().st_size == int(size)):
            return False
    return True


def say(line: str) -> None:
    """Print to standard error: standard output belongs to the command."""
    print(line, file=sys.stderr, flush=True)


def stop(what: str, remedy: str, status: int = 2) -> None:
    """End with one sentence on what is wrong and one on what to do about it."""
    say(f"start.py: {what}\n  {remedy}")
    raise SystemExit(status)


def ask(command: list, seconds: float = 60, **options: object) -> bytes:
    """Return what a program prints; b"" where it does not start, fails or is late."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        null = subprocess.DEVNULL
        return subprocess.check_output(command, stderr=null, timeout=seconds, **options)
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
    developer = words[0] in DEVELOPER
    env = Environment(options.venv.resolve(), options.wheels, developer)
    if not env.ready():
        env.prepare()
    os.environ["PATH"] = f"{env.python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    module = "curator" if words[0] in CURATOR else "notebook_utils"
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
