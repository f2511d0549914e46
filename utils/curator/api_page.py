"""Makes the page about the package that lessons import, from its source.

What is exported stands in ``notebook_utils/__init__.pyi``; the rest is read from the
docstrings: the first sentence, and the paragraph of the notes that says what differs
from openvino_notebooks. Nothing is imported, so the page does not depend on what is
installed.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from notebook_utils.errors import WorkshopError

PEER = "openvino_notebooks"

_HEAD = f"""# What lessons import

<!-- Made by `python -m curator sync` from the docstrings of utils/notebook_utils. -->

Every name here is imported from `notebook_utils`, which loads what a name needs when
it is first used: `from notebook_utils import load_image`.
`help(load_image)` tells the rest: what goes in, in which shape and unit, and what
comes out.
Names that {PEER} has too keep the signature they have there; what differs,
and why, is said with each.
"""

Definition: TypeAlias = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
Body: TypeAlias = list[ast.stmt]


class ApiError(WorkshopError):
    """An exported name has no definition or no docstring."""


@dataclass(frozen=True)
class Entry:
    """What the page says about one name.

    Parameters
    ----------
    name
        As it is imported, such as ``scenes.draw_scene``.
    signature
        Of a function or class; empty for anything else.
    sentence
        The first paragraph of the docstring.
    differences
        The paragraphs that say what differs from openvino_notebooks.
    methods
        Signature and first paragraph of each public method.
    """

    name: str
    signature: str
    sentence: str
    differences: tuple[str, ...] = ()
    methods: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [f"### `{self.name}`"]
        if self.signature:
            parts.append(f"```python\n{self.signature}\n```")
        parts += [_markdown(self.sentence), *map(_markdown, self.differences)]
        lines = [f"- `{call}`: {_markdown(text)}" for call, text in self.methods]
        return "\n\n".join([*parts, *(["\n".join(lines)] if lines else [])])


def api_page(package: Path) -> str:
    """Return the page.

    Parameters
    ----------
    package
        The folder of ``notebook_utils``.

    Raises
    ------
    ApiError
        An exported name has no definition or no docstring.
    """
    sections: dict[str, list[Entry]] = {}
    for module, name in _exports(package / "__init__.pyi"):
        for entry in entries(package, module, name):
            sections.setdefault(module or name, []).append(entry)
    parts = [_HEAD.rstrip("\n")]
    for module, listed in sections.items():
        parts.append(f"## {module}")
        about = _docstring(_body(_source(package, module)), module)
        parts.append(_markdown(_paragraphs(about)[0]))
        parts += map(str, listed)
    return "\n\n".join(parts) + "\n"


def entries(package: Path, module: str, name: str) -> Iterator[Entry]:
    """Return what the page says about an exported name.

    Parameters
    ----------
    package
        The folder of the package.
    module
        Where the name is imported from; empty if it is itself a module, all of whose
        names are exported.
    name
        The name.
    """
    if module:
        yield _entry(name, _definition(package, module, name))
        return
    source = _source(package, name)
    if source.name == "__init__.py":
        inside = [exported for _, exported in _exports(source)]
    else:
        nodes = (
            n for n in _body(source) if isinstance(n, ast.FunctionDef | ast.ClassDef)
        )
        inside = [node.name for node in nodes if node.name[0] != "_"]
    for exported in inside:
        yield _entry(f"{name}.{exported}", _definition(package, name, exported))


def _entry(name: str, found: tuple[Definition, str]) -> Entry:
    node, text = found
    paragraphs = _paragraphs(text)
    differences = tuple(part for part in paragraphs[1:] if PEER in part)
    short = name.rpartition(".")[2]
    if isinstance(node, ast.FunctionDef):
        return Entry(name, _call(short, node), paragraphs[0], differences)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        kind = getattr(node, "annotation", None)
        shown = f"{short}: {ast.unparse(kind)}" if kind else ""
        return Entry(name, shown, paragraphs[0], differences)
    methods = tuple(
        (_call(method.name, method), _paragraphs(ast.get_docstring(method) or "")[0])
        for method in node.body
        if isinstance(method, ast.FunctionDef)
        and method.name[0] != "_"
        and not method.decorator_list
    )
    return Entry(name, _constructor(node), paragraphs[0], differences, methods)


def _source(package: Path, module: str) -> Path:
    path = package.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _body(source: Path) -> Body:
    return ast.parse(source.read_text(encoding="utf-8"), str(source)).body


def _exports(source: Path) -> list[tuple[str, str]]:
    """Return the module and name of each import from beside a file."""
    return [
        (node.module or "", alias.asname or alias.name)
        for node in _body(source)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    ]


def _definition(package: Path, module: str, name: str) -> tuple[Definition, str]:
    """Find where a name is defined, through the imports of packages, and its text."""
    source = _source(package, module)
    body = _body(source)
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node, _docstring(node, f"{module}.{name}")
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in _targets(node):
            return node, _docstring([after] if after else [], f"{module}.{name}")
    if source.name == "__init__.py":
        stub = source.with_suffix(".pyi")
        for submodule, exported in _exports(stub if stub.is_file() else source):
            if exported == name and submodule:
                return _definition(package, f"{module}.{submodule}", name)
    raise ApiError(f"{source} exports {name!r}, which is not defined there.")


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [ast.unparse(target) for target in targets]


def _docstring(node: Definition | Body, name: str) -> str:
    """Return the docstring of a definition, or of what begins a body."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        text = ast.get_docstring(node)
    else:
        text = ast.get_docstring(ast.Module(node if isinstance(node, list) else [], []))
    if not text:
        raise ApiError(f"{name} has no docstring.")
    return text


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs, each in one line and without a heading above it."""
    parts = re.split(r"\n\s*\n", re.sub(r"(?m)^.*\n-{3,}$", "", text))
    return [" ".join(part.split()) for part in parts]


def _constructor(node: ast.ClassDef) -> str:
    """Return how to make an object; nothing for a class that only has a name."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return _call(node.name, item, returns=False)
    fields = [
        ast.unparse(item)
        for item in node.body
        if isinstance(item, ast.AnnAssign) and ast.unparse(item.target)[0] != "_"
    ]
    return _wrapped(node.name, fields, "") if fields else ""


def _call(name: str, node: ast.FunctionDef, *, returns: bool = True) -> str:
    result = f" -> {ast.unparse(node.returns)}" if returns and node.returns else ""
    return _wrapped(name, _arguments(node.args), result.replace("'", ""))


def _arguments(arguments: ast.arguments) -> list[str]:
    """Return each argument with its type and default, without ``self``."""
    positional = [*arguments.posonlyargs, *arguments.args]
    absent = [None] * (len(positional) - len(arguments.defaults))
    listed = [
        _argument(argument, default)
        for argument, default in zip(
            positional, [*absent, *arguments.defaults], strict=True
        )
        if argument.arg not in ("self", "cls")
    ]
    if arguments.vararg:
        listed.append(f"*{_argument(arguments.vararg)}")
    elif arguments.kwonlyargs:
        listed.append("*")
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    listed += [_argument(argument, default) for argument, default in pairs]
    if arguments.kwarg:
        listed.append(f"**{_argument(arguments.kwarg)}")
    return listed


def _argument(argument: ast.arg, default: ast.expr | None = None) -> str:
    return ast.unparse(argument) + (f" = {ast.unparse(default)}" if default else "")


def _wrapped(name: str, arguments: list[str], result: str) -> str:
    """Return a call in one line if it fits, else an argument in each."""
    line = f"{name}({', '.join(arguments)}){result}"
    if len(line) <= 88:
        return line
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return f"{name}(\n{lines}){result}"


def _markdown(text: str) -> str:
    """Turn the marks of docstrings into those of Markdown."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", text)
    return re.sub(r"``([^`]*)``", r"`\1`", text)
