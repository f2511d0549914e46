"""Rules about the code of a lesson that ruff does not know."""

import ast
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from .rules import Found, Notebook, rule
from .source import bound_names, called, dotted, nodes, strings

MOST_LINES = 20

# What tells where a notebook runs, when the question is what is missing there.
_SNIFFED = re.compile(
    r"sys\.(platform|getwindowsversion)|os\.(name|uname)"
    r"|platform\.(system|platform|machine|uname|release|version|node|processor)"
)
_HOSTED = ("google.colab", "COLAB_", "BINDER_", "KAGGLE_")

_TIMES = {"s", "ms", "us", "ns", "seconds", "milliseconds", "fps", "latency"}
_TIMES |= {"elapsed", "duration", "speedup"}
_CLOCKS = ("perf_counter", "perf_counter_ns", "monotonic", "process_time")
# Asking how many times were measured asserts no time.
_COUNTS = ("len", "isinstance", "type", "set", "all", "any")

_ADDRESS = re.compile(r"""https?://[^\s"'<>)\]}]+""")
# Files that a lesson would read: models, data, pictures, archives.
_FILES = re.compile(
    r".+\.(bin|csv|gz|h5|jpe?g|mp4|np[yz]|onnx|params|pb|pdi?params|pdmodel|pkl|png"
    r"|pth?|safetensors|tar|tflite|tgz|txt|webp|whl|xml|zip)",
    re.IGNORECASE,
)


@rule("Split it, with a sentence before each part.")
def cell_length(notebook: Notebook) -> Iterator[Found]:
    """Keep a code cell so short that it fits into a glance."""
    for index, cell in notebook.code:
        lines = sum(bool(line.strip()) for line in cell.source.splitlines())
        if lines > MOST_LINES:
            yield index, f"It has {lines} non-blank lines; at most {MOST_LINES} fit."


@rule("Import notebook_utils first: OpenVINO then sends no reports of its use.")
def quiet_openvino(notebook: Notebook) -> Iterator[Found]:
    """Keep OpenVINO from reporting what a learner runs."""
    for index, cell in notebook.code:
        for line in cell.source.splitlines():
            if re.match(r"\s*(from|import) notebook_utils\b", line):
                return
            if re.match(r"\s*(from|import) (openvino|nncf)\b", line):
                yield index, "It imports OpenVINO before notebook_utils."
                return


@rule("Test for what is missing, not for where the notebook runs.")
def platform_sniffing(notebook: Notebook) -> Iterator[Found]:
    """Refuse code that asks which system or hosted session it is in."""
    for index, cell in notebook.code:
        names = {dotted(node) for node in nodes(cell.source)}
        names |= {
            f"{node.module}.{alias.name}"
            for node in nodes(cell.source)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        sniffed = sorted(name for name in names if _SNIFFED.fullmatch(name))
        texts = strings(cell.source) | names
        sniffed += sorted(text for text in texts if text.startswith(_HOSTED))
        if sniffed:
            yield index, f"It asks for {sniffed[0]}."


@rule("Show the time, and assert what causes it.")
def asserted_timing(notebook: Notebook) -> Iterator[Found]:
    """Refuse assertions that depend on how busy a machine is."""
    for index, cell in notebook.code:
        claims = (part for node in nodes(cell.source) for part in _claim(node))
        times = (name for part in claims for name in _times(part))
        name = next(times, None)
        if name is not None:
            yield index, f"It asserts something about {name}."


@rule("Describe the file in catalogue.toml and load its kit.")
def file_addresses(notebook: Notebook) -> Iterator[Found]:
    """Refuse addresses of files: hosts move, and a class has no network."""
    for index, cell in enumerate(notebook.content.cells):
        for address in _ADDRESS.findall(cell.source):
            name = urlsplit(address).path.rstrip(".,;:").split("/")[-1]
            if _FILES.fullmatch(name):
                yield index, f"It names the file {address}."


@rule("Mend the list in collection.toml, from which kits are verified.")
def listed_kits(notebook: Notebook) -> Iterator[Found]:
    """Demand that the collection lists just the kits that a lesson loads."""
    loaded: dict[str, int] = {}
    named: set[str] = set()
    for index, cell in notebook.code:
        named |= strings(cell.source)
        for node in nodes(cell.source):
            if called(node) == "load_kit" and isinstance(node, ast.Call) and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    loaded.setdefault(str(name.value), index)
    for kit, index in loaded.items():
        if kit not in notebook.lesson.kits:
            yield index, f"It loads {kit}, which the collection does not list."
    for kit in notebook.lesson.kits:
        if kit not in named:
            yield None, f"The collection lists {kit}, which it does not load."


@rule("Give the second thing a name of its own.")
def rebound_imports(notebook: Notebook) -> Iterator[Found]:
    """Refuse a variable that takes the name of a module or function it imported."""
    imported: set[str] = set()
    for index, cell in notebook.code:
        for node in nodes(cell.source):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported |= {a.asname or a.name.split(".")[0] for a in node.names}
        for name in sorted(imported & bound_names(cell.source)):
            yield index, f"It binds {name}, which was imported, to something else."


def _claim(node: ast.AST) -> list[ast.expr]:
    """Return what a statement asserts, without the message; else nothing."""
    if isinstance(node, ast.Assert):
        return [node.test]
    if isinstance(node, ast.Call) and called(node).startswith("assert_"):
        return node.args
    return []


def _times(node: ast.AST) -> Iterator[str]:
    """Yield the names in an expression that stand for measured times."""
    if isinstance(node, ast.Call) and called(node) in _CLOCKS:
        yield dotted(node.func)
    if called(node) in _COUNTS:
        return
    if isinstance(node, ast.Name | ast.Attribute):
        last = dotted(node).split(".")[-1]
        words = last.split("_")
        if last.islower() and words[-1] in _TIMES and (len(words) > 1 or last != "s"):
            yield dotted(node)
            return
    for child in ast.iter_child_nodes(node):
        yield from _times(child)
