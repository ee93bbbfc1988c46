"""What somebody sees who types a command: on terminals of 80 and 200 columns, in a pipe, without colours."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import commands
import goldens
from terminals import on_terminal, uncoloured


@pytest.mark.parametrize("columns", [80, 200])
def test_score_ends_with_a_table_that_fits_the_page_and_the_signature(columns: int, tmp_path: Path) -> None:
    code, text = on_terminal(
        columns, "score", goldens.prediction("good"), "--reference", goldens.REFERENCE, "--output", tmp_path / "out", "--quiet"
    )
    assert code == 0
    end = text[text.index("\x1b[1m") - len("Overall J&F  ") :]
    lines = uncoloured(end).splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines[:-2])) <= 80
    assert lines[0].startswith("Overall J&F  74.06  95 % CI [")
    assert lines[-2] == f"Page: {tmp_path / 'out' / 'detailed_results.html'}"
    assert lines[-1].startswith("lvos-eval ")
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"objects.csv", "results.tex", "official"}


def test_one_bar_goes_over_the_whole_run_and_leaves_nothing_behind(tmp_path: Path) -> None:
    arguments = (
        "score",
        goldens.prediction("good"),
        "--reference",
        goldens.REFERENCE,
        "--output",
        tmp_path / "out",
        "--jobs",
        "1",
    )
    code, text = on_terminal(120, *arguments)
    assert code == 0
    places = [(int(done), int(total)) for done, total in re.findall(r"\| *(\d+)/(\d+) \[", text)]
    assert len({total for _, total in places}) == 1
    assert places == sorted(places)
    assert re.search(r"scoring: +0%", text)
    # what is seen in the end: a carriage return goes back to the start of a line, and what follows covers it
    seen = [line.rpartition("\r")[2] for line in text.split("\n")]
    assert not [line for line in seen if "frames/s" in line]
    assert seen[0].startswith("lvos-eval ")


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    submission = Path(shutil.copytree(goldens.prediction("good"), tmp_path / "submission"))
    shutil.rmtree(submission / "cGone003")
    for video in ("aPlain01", "bLate002"):
        for frame in (11, 16):
            (submission / video / f"{frame:08d}.png").unlink()
    return submission


def test_problems_are_wrapped_to_the_terminal_and_coloured(faulty: Path) -> None:
    arguments = ("check", faulty, "--reference", goldens.REFERENCE, "--quiet")
    narrow, wide = (on_terminal(columns, *arguments)[1] for columns in (80, 200))
    assert "\x1b[1;31merror\x1b[0m missing-video cGone003" in narrow
    assert "  \x1b[1;32mFix:\x1b[0m " in narrow
    lines = uncoloured(narrow).splitlines()
    # what somebody copies stays whole
    assert max(len(line) for line in lines if not line.startswith("    lvos-eval pack ")) <= 80
    assert any(
        line.startswith("    lvos-eval pack ") and line.endswith("--output submission.zip --fill-missing") for line in lines
    )
    assert len(lines) > len(wide.splitlines())
    assert " ".join(uncoloured(narrow).split()) == " ".join(uncoloured(wide).split())


def test_no_color_is_kept_and_a_pipe_has_whole_lines(faulty: Path) -> None:
    arguments = ("check", faulty, "--reference", goldens.REFERENCE, "--quiet")
    assert "\x1b" not in on_terminal(80, *arguments, env={"NO_COLOR": "1"})[1]
    piped = commands.lvos_eval(*arguments)
    assert "\x1b" not in piped.stdout + piped.stderr
    blocks = piped.stderr.split("\n\n")
    assert [len(block.splitlines()) for block in blocks] == [2, 3, 2, 1], "two errors, a warning, a note"
    assert blocks[3].startswith("note: gIds2x5z ")
    assert blocks[1].splitlines()[0].startswith("error missing-frame aPlain01 00000011-00000016 (2 frames): 2 of ")
    assert all(block.splitlines()[-1].startswith("  Fix: ") for block in blocks[:3])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for name in ("good", "poor"):
        commands.lvos_eval("score", goldens.prediction(name), "--reference", goldens.REFERENCE, "--output", folder / name)
    return folder


def test_a_comparison_fits_80_columns_in_the_order_of_the_protocol(results: Path) -> None:
    arguments = ("compare", results / "good", results / "poor", "--names", "XMem,Cutie")
    code, text = on_terminal(80, *arguments)
    assert code == 1
    lines = uncoloured(text).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2:4] == ["A: XMem", "B: Cutie"]
    start = lines.index("score                              A         B     B - A") + 1
    keys = ["Overall", *(f"{measure}{split}-Mean" for measure in "JFV" for split in ("", "-seen", "-unseen"))]
    assert [line.split()[0] for line in lines[start : start + 10]] == keys
    # V of the poor result is higher, which is worse
    assert {line.split()[0]: line.split()[-1] for line in lines[start : start + 10]}["V-Mean"] == "worse"
    assert "\x1b[31mworse\x1b[0m" in text
    assert any(line.startswith("Overall: B is worse; 95 % CI of B - A [-") for line in lines)
    assert on_terminal(80, *arguments, "--exit-zero")[0] == 0


@pytest.mark.parametrize("names", ["A", "A,B,C", "A,"])
def test_names_that_do_not_fit_are_wrong_usage(names: str, results: Path) -> None:
    process = commands.lvos_eval("compare", results / "good", results / "poor", "--names", names)
    assert process.returncode == 2
    assert process.stderr.startswith("--names gives ")
