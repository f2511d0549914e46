"""Rules about the code and the exercises of a lesson that ruff does not know."""

import ast
import re
import symtable
import warnings
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from ..files import tags
from .prose import headings
from .rules import Found, Notebook, rule

MOST_LINES = 20
FEWEST_EXERCISES = 2
SOLUTION = "solution"
FIRST_LINE = "# A solution to exercise"

_EXERCISE = re.compile(r"(Exercise )?\d+[.:] ")
_CHECK = re.compile(r"\bcheck\w*\(")

_FIRST_IMPORT = re.compile(
    r"^\s*(?:from|import) (notebook_utils|openvino|nncf)\b", re.MULTILINE
)
# What tells where a notebook runs, when the question is what is missing there.
_SNIFFED = re.compile(
    r"(?<![\w.])(?:sys\.platform|sys\.getwindowsversion|os\.name|os\.uname"
    r"|from platform import|platform\.\w+|google\.colab|(?:COLAB|BINDER|KAGGLE)_\w+)"
)
# Names of measured times: clocks, quantities, and all that ends with a unit.
_TIME = re.compile(
    r"perf_counter(_ns)?|monotonic|process_time|([a-z0-9]+_)+(s|ms|us|ns)"
    r"|([a-z0-9]+_)*(seconds|milliseconds|fps|latency|elapsed|duration|speedup)"
)
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
        if found := _FIRST_IMPORT.search(cell.source):
            if found[1] != "notebook_utils":
                yield index, "It imports OpenVINO before notebook_utils."
            return


@rule("Test for what is missing, not for where the notebook runs.")
def platform_sniffing(notebook: Notebook) -> Iterator[Found]:
    """Refuse code that asks which system or hosted session it is in."""
    for index, cell in notebook.code:
        if found := _SNIFFED.search(cell.source):
            yield index, f"It asks for {found[0]}."


@rule("Show the time, and assert what causes it.")
def asserted_timing(notebook: Notebook) -> Iterator[Found]:
    """Refuse assertions that depend on how busy a machine is."""
    for index, cell in notebook.code:
        claims: list[ast.expr] = []
        for node in ast.walk(ast.parse(_python(cell.source))):
            if isinstance(node, ast.Assert):
                claims.append(node.test)
            elif isinstance(node, ast.Call) and _last(node.func).startswith("assert_"):
                claims += node.args
        if times := [name for claim in claims for name in _times(claim)]:
            yield index, f"It asserts something about {times[0]}."


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
    kits = notebook.lesson.kits
    for index, cell in notebook.code:
        for kit in re.findall(r"\bload_kit\(\s*[\"']([\w-]+)", cell.source):
            if kit not in kits:
                yield index, f"It loads {kit}, which the collection does not list."
    code = "\n".join(cell.source for _, cell in notebook.code)
    for kit in kits:
        if not re.search(rf"[\"']{re.escape(kit)}[\"']", code):
            yield None, f"The collection lists {kit}, which it does not load."


@rule("Write '### Exercise 1: ...', a stub with '...', a check, and a solution.")
def exercises(notebook: Notebook) -> Iterator[Found]:
    """Demand two exercises, each with a stub, a check and a solution."""
    if notebook.is_start_page:
        return
    heads = headings(notebook.content)
    ends = [heading.cell for heading in heads[1:]] + [len(notebook.content.cells)]
    tasks = [
        (heading, [cell for i, cell in notebook.code if heading.cell <= i < end])
        for heading, end in zip(heads, ends, strict=False)
        if heading.level == 3 and _EXERCISE.match(heading.text)
    ]
    if len(tasks) < FEWEST_EXERCISES:
        yield None, f"It has {len(tasks)} exercises, expected {FEWEST_EXERCISES}."
    for heading, cells in tasks:
        shown = [cell.source for cell in cells if not _is_solution(cell)]
        parts = {
            "stub": any(map(_is_stub, shown)),
            "check": any(map(_CHECK.search, shown)),
            "solution": len(shown) < len(cells),
        }
        for part in [part for part, there in parts.items() if not there]:
            yield heading.cell, f"The exercise '{heading.text}' has no {part}."


@rule(f"Tag it, fold it, begin it with '{FIRST_LINE} 1', name results solution_1.")
def solution_cells(notebook: Notebook) -> Iterator[Found]:
    """Demand solutions that are hidden, and leave the learner's answer alone."""
    cells = [(index, cell, _bound_names(cell.source)) for index, cell in notebook.code]
    taken = {n for _, cell, names in cells if not _is_solution(cell) for n in names}
    for index, cell, names in cells:
        if not _is_solution(cell):
            if any(name.startswith(f"{SOLUTION}_") for name in names):
                yield index, f"It holds a solution but is not tagged '{SOLUTION}'."
            continue
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            yield index, "The source of this solution is not folded away."
        if not cell.source.startswith(FIRST_LINE):  # JupyterLab shows it when folded
            yield index, f"The first line of this solution is not '{FIRST_LINE} ...'."
        for name in sorted(names & taken):
            yield index, f"This solution overwrites {name!r}, which is not its own."


def _is_solution(cell: NotebookNode) -> bool:
    return SOLUTION in tags(cell)


def _is_stub(source: str) -> bool:
    nodes = ast.walk(ast.parse(_python(source)))
    return any(isinstance(node, ast.Constant) and node.value is ... for node in nodes)


def _last(node: ast.expr) -> str:
    """Return the last word of a dotted name."""
    return ast.unparse(node).split(".")[-1]


def _times(node: ast.AST) -> Iterator[str]:
    """Yield the names in an expression that stand for measured times."""
    if isinstance(node, ast.Call) and _last(node.func) in _COUNTS:
        return
    if isinstance(node, ast.Name | ast.Attribute) and _TIME.fullmatch(_last(node)):
        yield ast.unparse(node)
    for child in ast.iter_child_nodes(node):
        yield from _times(child)


@cache
def _python(source: str) -> str:
    """Return a cell's source with its magics as the calls that IPython makes of them.

    It is empty where the cell is not valid, which ruff reports.
    """
    with warnings.catch_warnings():  # such as an invalid escape: ruff's business
        warnings.simplefilter("ignore")
        try:
            python: str = TransformerManager().transform_cell(source)
            ast.parse(python)
        except SyntaxError:
            return ""
    return python


def _bound_names(source: str) -> set[str]:
    """Return the names a cell assigns, but for imports and those with an underscore."""
    symbols = symtable.symtable(_python(source), "cell", "exec").get_symbols()
    bound = [s for s in symbols if s.is_assigned() and not s.is_imported()]
    return {s.get_name() for s in bound if not s.get_name().startswith("_")}
