from pathlib import Path

import pytest

import notebook_utils
from curator.api_page import ApiError, api_page, entries

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "utils" / "notebook_utils"

INIT = """
from . import shapes as shapes
from .drawing import Brush as Brush
from .drawing import draw as draw
"""
SHAPES = '''
"""Shapes of things."""

def square(side: float = 1.0) -> float:
    """Return the area.

    It is `side` times :func:`itself`.
    """

def _hidden() -> None: ...
'''
LINES = '''
"""Lines."""

WIDE = 9
"""How wide a wide line is, in ``pixels``."""

PAIR: tuple[int, int] = (1, 2)
"""Two."""

def draw(first, /, path: "Path", *more: int, colour: str = "red", **rest) -> "Path":
    """Draw on
    two lines.

    Notes
    -----
    First of all.

    Unlike openvino_notebooks: draws
    straight, because :func:`~a.square` asks for it.

    Examples
    --------
    >>> draw()
    """

class Brush:
    """Paints."""

    size: int
    _inner: int = 3

    def paint(self, where: str) -> None:
        """Paint there."""

    @property
    def wet(self) -> bool:
        """Whether it is wet."""

class Silent(Exception):
    pass
'''


@pytest.fixture
def package(tmp_path):
    """A package with a module, and a name that a package hands on."""
    (tmp_path / "drawing").mkdir()
    for name, text in {
        "__init__.pyi": INIT,
        "shapes.py": SHAPES,
        "drawing/__init__.py": '"""Drawing."""\nfrom .lines import *\n',
        "drawing/__init__.pyi": "from .lines import Brush, PAIR, Silent, WIDE, draw\n",
        "drawing/lines.py": LINES,
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def entry(package, module, name):
    (found,) = entries(package, module, name)
    return found


def test_the_page_has_a_section_for_each_module(package):
    page = api_page(package)
    headings = [line for line in page.splitlines() if line.startswith("##")]
    assert headings == [
        "## shapes",
        "### `shapes.square`",
        "## drawing",
        "### `Brush`",
        "### `draw`",
    ]
    assert "\n\nShapes of things.\n\n" in page


def test_a_function_is_told_with_what_differs(package):
    found = entry(package, "drawing", "draw")
    assert found.signature == (
        "draw(first, path: 'Path', *more: int, colour: str = 'red', **rest) -> Path"
    )
    assert found.sentence == "Draw on two lines."
    assert str(found).endswith(
        "\n\nUnlike openvino_notebooks: draws straight, because `a.square` asks for it."
    )
    assert "First of all" not in str(found)


def test_a_class_is_told_with_its_fields_and_methods(package):
    found = entry(package, "drawing", "Brush")
    assert found.signature == "Brush(size: int)"
    assert found.methods == (("paint(where: str) -> None", "Paint there."),)


def test_a_value_is_told_by_the_text_below_it(package):
    assert "is, in `pixels`." in str(entry(package, "drawing", "WIDE"))
    assert entry(package, "drawing", "PAIR").signature == "PAIR: tuple[int, int]"


def test_a_module_is_told_name_by_name(package):
    found = entry(package, "", "shapes")
    assert (found.name, found.signature) == (
        "shapes.square",
        "square(side: float = 1.0) -> float",
    )


def test_a_long_signature_has_a_line_for_each_argument(package):
    name = "f" * 50
    (package / "shapes.py").write_text(
        f'def {name}(side: float, height: float, depth: float):\n    "Draw."\n'
    )
    assert entry(package, "shapes", name).signature.splitlines()[1:] == [
        "    side: float,",
        "    height: float,",
        "    depth: float,",
        ")",
    ]


def test_a_name_without_a_docstring_or_a_definition_is_an_error(package):
    with pytest.raises(ApiError, match=r"drawing.lines.Silent has no docstring"):
        entry(package, "drawing", "Silent")
    with pytest.raises(ApiError, match="exports 'circle', which is not defined"):
        entry(package, "drawing", "circle")


def test_the_page_of_this_package_has_not_drifted():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert page == api_page(PACKAGE), "Run: python -m curator sync"


def test_every_exported_name_is_on_the_page():
    page = api_page(PACKAGE)
    for name in notebook_utils.__all__:
        assert f"### `{name}`" in page or f"\n## {name}\n" in page
