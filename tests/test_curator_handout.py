from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from curator.__main__ import main
from curator.collection import read_collection
from curator.handout import hand_out, without_answers

ROOT = Path(__file__).resolve().parents[1]
LESSONS = read_collection(ROOT / "notebooks").lessons


def test_solutions_and_outputs_are_gone_from_the_copy_alone():
    stub = new_code_cell("answer = ...", execution_count=1)
    printed = [new_output("stream", text="not attempted yet")]
    check = new_code_cell("check(answer, 42)", execution_count=2, outputs=printed)
    solution = new_code_cell("solution_1 = 42", metadata={"tags": ["solution"]})
    prose = "Replace the dots.\nEach solution is folded away under its check."
    lesson = new_notebook(cells=[new_markdown_cell(prose), stub, check, solution])
    before = nbformat.writes(lesson)
    handout = without_answers(lesson)
    sources = ["Replace the dots.", "answer = ...", "check(answer, 42)"]
    assert [cell.source for cell in handout.cells] == sources
    code = handout.cells[1:]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * 2
    nbformat.validate(handout)
    assert nbformat.writes(lesson) == before


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_real_handout_needs_and_mentions_no_solution(lesson, tmp_path):
    (path,) = hand_out([lesson], tmp_path)
    cells = nbformat.read(path, as_version=4).cells
    assert cells
    for cell in cells:
        assert "solution_" not in cell.source  # a name that a removed cell defined
        if cell.cell_type == "markdown":
            assert "olution is folded" not in cell.source
            assert "solutions are folded" not in cell.source


def test_nothing_is_overwritten(tmp_path, capsys):
    mine = tmp_path / LESSONS[0].path.name
    mine.write_text("my work")
    before = [lesson.path.read_bytes() for lesson in LESSONS]
    for folder in (tmp_path, ROOT / "notebooks"):
        assert main(["handout", "--to", str(folder)]) == 2
        assert "nothing is overwritten" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [mine.name]
    assert mine.read_text() == "my work"
    assert [lesson.path.read_bytes() for lesson in LESSONS] == before


def test_the_command_copies_what_is_asked_for(tmp_path, capsys):
    assert main(["handout", "01", "--to", str(tmp_path / "class")]) == 0
    copies = sorted((tmp_path / "class").iterdir())
    assert [path.name for path in copies] == ["01-runtime-api.ipynb", "glossary.md"]
    assert str(copies[0]) in capsys.readouterr().out
