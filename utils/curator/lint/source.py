"""Reads the Python of code cells, magics included."""

import ast
import symtable
import warnings
from collections.abc import Iterator
from functools import cache

from IPython.core.inputtransformer2 import TransformerManager


@cache
def python_of(source: str) -> str:
    """Return a cell's source with its magics as the calls that IPython makes of them.

    Returns
    -------
    str
        Python; empty where the cell is not valid, which ruff reports.
    """
    with warnings.catch_warnings():  # such as an invalid escape: ruff's business
        warnings.simplefilter("ignore")
        try:
            python: str = TransformerManager().transform_cell(source)
            ast.parse(python)
        except SyntaxError:
            return ""
    return python


def nodes(source: str) -> Iterator[ast.AST]:
    """Yield all nodes of a cell's syntax tree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from ast.walk(ast.parse(python_of(source)))


def bound_names(source: str) -> set[str]:
    """Return the names that a cell leaves behind, but for imported modules.

    Returns
    -------
    set of str
        Variables, functions and classes of the module's level; not those of functions,
        and not those that begin with an underscore.
    """
    table = symtable.symtable(python_of(source), "cell", "exec")
    return {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned()
        and not symbol.is_imported()
        and not symbol.get_name().startswith("_")
    }


def dotted(node: ast.AST) -> str:
    """Return the name that a node spells, such as ``time.perf_counter``, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return ""


def called(node: ast.AST) -> str:
    """Return the name of the function that a node calls, without what it belongs to."""
    return dotted(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""


def strings(source: str) -> set[str]:
    """Return the string constants of a cell."""
    return {
        node.value
        for node in nodes(source)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
