"""Problems on a terminal and in a log: grouping, wrapping, colours."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.diagnostics.terminal import _COMMAND, PLAIN, SHOWN_PROBLEMS, TextStyle, render_problems

TEXTS = Path(__file__).parents[1] / "data" / "problems"
FIXES = sorted(
    {line.partition(" Fix: ")[2] for path in TEXTS.iterdir() for line in path.read_text(encoding="utf-8").splitlines()}
)


def problem(
    code: str = "wrong-size",
    video: str | None = "v",
    frames: tuple[int, ...] = (6, 11),
    fix: str = "Do this.",
    message: str = "It is so.",
) -> Problem:
    return Problem(code, Severity.ERROR, video, frames, message, fix)


def test_a_problem_is_a_line_and_its_fix_the_next() -> None:
    assert render_problems([problem()]) == ["error wrong-size v 00000006-00000011 (2 frames): It is so.", "  Fix: Do this."]
    assert render_problems([problem("not-an-archive", None, ())]) == ["error not-an-archive: It is so.", "  Fix: Do this."]
    assert render_problems([problem("not-an-archive", None, (), fix="")]) == ["error not-an-archive: It is so."]


def test_problems_of_one_cause_share_a_fix_and_videos_are_in_natural_order() -> None:
    found = [problem(video="v10"), problem(video="v9", fix="Another."), problem(video="v2"), problem("extra-file", None, ())]
    assert render_problems(found) == [
        "error wrong-size v2 00000006-00000011 (2 frames): It is so.",
        "error wrong-size v10 00000006-00000011 (2 frames): It is so.",
        "  Fix: Do this.",
        "",
        "error wrong-size v9 00000006-00000011 (2 frames): It is so.",
        "  Fix: Another.",
        "",
        "error extra-file: It is so.",
        "  Fix: Do this.",
    ]


def test_fifty_problems_are_shown_and_the_rest_is_counted_by_code() -> None:
    problems = [problem(video=f"v{number}") for number in range(SHOWN_PROBLEMS + 2)] + [problem("missing-video")]
    lines = render_problems(problems)
    assert sum(line.startswith("error ") for line in lines) == SHOWN_PROBLEMS == 50
    assert lines[-1] == "... and 3 more (2 wrong-size, 1 missing-video); all are on the page and in --json"
    assert sum(line.startswith("error ") for line in render_problems(problems, limit=None)) == len(problems)
    assert render_problems(problems[:SHOWN_PROBLEMS])[-2].startswith("error wrong-size v49")


def test_a_usual_warning_is_a_note_at_the_end() -> None:
    usual = Problem("extra-frame", Severity.WARNING, "v", (1,), "3 masks of no object, ignored.", "leave out.", usual=True)
    assert render_problems([usual, problem()])[-2:] == ["", "note: v 00000001: 3 masks of no object, ignored."]
    assert "usual" not in usual.to_json()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_lines_end_between_words_and_every_word_is_there(width: int) -> None:
    found = problem(message="the mask is 640x360, the video 1280x720. " * 5, fix="resize label maps, then zip them. " * 4)
    lines = render_problems([found], TextStyle(width, colour=False))
    assert max(map(len, lines)) <= width
    assert all(line.startswith("  ") for line in lines[1:])
    words = " ".join(lines).split()
    assert words == f"error wrong-size v 00000006-00000011 (2 frames): {found.message} Fix: {found.fix}".split()


@pytest.mark.parametrize("fix", FIXES)
def test_what_is_copied_out_of_a_fix_stays_whole(fix: str) -> None:
    commands = [match[0] for match in _COMMAND.finditer(fix)]
    assert bool(commands) == bool(re.search(r"python -[cm] |\.save\(path\)|cv2\.resize|zip -d|cp -", fix))
    lines = render_problems([problem(fix=fix)], TextStyle(80, colour=False))
    for command in commands:
        assert f"    {command}" in lines
    without = "".join(lines).partition("Fix:")[2]
    assert re.sub(r"[\s.]", "", without) == re.sub(r"[\s.]", "", fix)


def test_colours_mark_severity_and_fix_and_change_no_text() -> None:
    plain, coloured = (render_problems([problem()], TextStyle(80, colour=colour)) for colour in (False, True))
    assert coloured == ["\x1b[1;31merror\x1b[0m" + plain[0][5:], "  \x1b[1;32mFix:\x1b[0m" + plain[1][6:]]


def test_a_log_is_plain_and_its_lines_are_whole() -> None:
    assert TextStyle.of(io.StringIO()) == PLAIN
    assert render_problems([problem(message="word " * 100)])[0].count("word") == 100
