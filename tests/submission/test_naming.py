"""Rules from the names found to the names wanted, and names that do not tell the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import pytest

from lvos_eval.protocols.lvos import LAYOUT
from lvos_eval.submission.frame_numbering import Naming, find_naming

ANNOTATED = list(range(11, 62, 5))
SCORED = ANNOTATED[1:-1]


@pytest.mark.parametrize(
    ("name", "frames", "words", "formula"),
    [
        (lambda k, n: f"{n:05d}.png", ANNOTATED, "5 digits instead of 8", "n"),
        (lambda k, n: f"{n}.png", ANNOTATED, "2 digits instead of 8", "n"),
        (lambda k, n: f"frame_{n:08d}.PNG", ANNOTATED, "text around the frame number", "n"),
        (lambda k, n: f"v01_{n:08d}_mask.png", ANNOTATED, "text around the frame number", "n"),
        (
            lambda k, n: f"{k:08d}.png",
            ANNOTATED,
            "numbered from 0 in steps of 1 instead of 5",
            "5 * n + 11",
        ),
        (
            lambda k, n: f"{k + 1:05d}.png",
            ANNOTATED,
            "numbered from 1 in steps of 1 instead of 5",
            "5 * n + 6",
        ),
        (lambda k, n: f"{n - 11:08d}.png", ANNOTATED, "the numbers are off by 11", "n + 11"),
        (lambda k, n: f"{n + 1:08d}.png", ANNOTATED, "the numbers are off by 1", "n - 1"),
        # every frame of the video, with the right numbers and counted from 0
        (lambda k, n: f"{n:05d}.png", range(11, 62), "5 digits instead of 8", "n"),
        (lambda k, n: f"{k:05d}.png", range(11, 62), "the numbers are off by 11", "n + 11"),
        # a mask too many, which is outside, or before the first one of a video that begins there
        (lambda k, n: f"{n:05d}.png", [*ANNOTATED, 66], "5 digits instead of 8", "n"),
        (lambda k, n: f"{n:05d}.png", [*ANNOTATED, 2000], "5 digits instead of 8", "n"),
        (lambda k, n: f"{n:05d}.png", [0, *ANNOTATED], "5 digits instead of 8", "n"),
        # masks missing between the ends
        (
            lambda k, n: f"{n // 5 - 2:05d}.png",
            [*ANNOTATED[:4], *ANNOTATED[6:]],
            "numbered from 0 in steps of 1 instead of 5",
            "5 * n + 11",
        ),
        (lambda k, n: f"{n:05d}.png", [*ANNOTATED[:4], *ANNOTATED[6:]], "5 digits instead of 8", "n"),
    ],
)
def test_a_rule_is_found_and_said(name: Callable[[int, int], str], frames: Sequence[int], words: str, formula: str) -> None:
    names = [name(position, frame) for position, frame in enumerate(frames)]
    naming = find_naming(names, ANNOTATED, SCORED, LAYOUT)
    assert naming is not None
    assert naming.rule is not None
    assert (naming.in_words, naming.rule.formula) == (words, formula)
    assert naming.rule.pattern(LAYOUT) == f'f"{{{formula}:08d}}.png"'
    found = {name: naming.rule.frame(number) for name, number in zip(naming.names, naming.numbers, strict=True)}
    assert found == dict(zip(names, frames, strict=True))


FROM_1: Final = list(range(1, 52, 5))


def of_numbers(numbers: Iterable[int], pictures: Sequence[int] = FROM_1) -> Naming | None:
    return find_naming([f"{number:05d}.png" for number in numbers], pictures, pictures[1:-1], LAYOUT)


@pytest.mark.parametrize(
    ("numbers", "formulas"),
    [
        # the first or the last mask is missing
        (range(len(FROM_1) - 1), ["5 * n + 1", "5 * n + 6"]),
        (range(1, len(FROM_1)), ["5 * n - 4", "5 * n + 1"]),
        (range(0, 50, 5), ["n + 1", "n + 6"]),
        # both, or two at one end
        (range(len(FROM_1) - 2), ["5 * n + 1", "5 * n + 6", "5 * n + 11"]),
        # every frame but one
        (range(50), ["n + 1", "n + 2"]),
        # every frame but the first and one too many, or counted from 2
        (range(2, 53), ["n", "n - 1"]),
        # every frame from a later one on, or counted from that
        (range(11, 52), ["n", "n - 5"]),
    ],
    ids=["from 0", "from 1", "in steps of 5", "two missing", "every frame", "every frame from 2", "every frame from 11"],
)
def test_where_several_rules_fit_none_is_chosen(numbers: Sequence[int], formulas: list[str]) -> None:
    naming = of_numbers(numbers)
    assert naming is not None
    assert naming.rule is None
    assert [rule.formula for rule in naming.readings] == formulas


def test_a_mask_too_many_at_an_end_is_only_told_where_it_cannot_be_at_the_other() -> None:
    naming = of_numbers(range(len(FROM_1) + 1))
    assert naming is not None
    assert naming.rule == (5, 1)
    naming = of_numbers(range(len(ANNOTATED) + 1), ANNOTATED)
    assert naming is not None
    assert [rule.formula for rule in naming.readings] == ["5 * n + 6", "5 * n + 11"]
    naming = of_numbers(range(60), FROM_1)
    assert naming is not None
    assert naming.rule == (1, 1)


def test_a_picture_of_something_else_makes_no_rule_and_unmakes_none() -> None:
    others = ["preview_10.png", "x1.png"]
    whole, short = ([f"{k:05d}.png" for k in range(count)] for count in (len(FROM_1), len(FROM_1) - 1))
    one, two = (find_naming([*names, *others], FROM_1, FROM_1[1:-1], LAYOUT) for names in (whole, short))
    assert one is not None
    assert two is not None
    assert (one.names, one.rule) == (tuple(whole), (5, 1))
    assert (two.names, two.rule) == (tuple(short), None)


def test_only_the_files_with_wrong_names_are_part_of_a_rule_of_digits() -> None:
    naming = find_naming(["00000011.png", "16.png"], ANNOTATED, SCORED, LAYOUT)
    assert naming is not None
    assert (naming.names, naming.numbers, naming.in_words) == (("16.png",), (16,), "2 digits instead of 8")


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["readme.png"],
        [f"{n:08d}.png" for n in SCORED[:3]],
        ["16.png", "016.png"],
        [f"{k:08d}.png" for k in range(3)],
        [f"{k:08d}.png" for k in range(40)],
        [f"{k:08d}.png" for k in [*range(len(ANNOTATED) - 1), 9999]],
        [f"{k * k:08d}.png" for k in range(len(ANNOTATED))],
        ["7.png"],
    ],
    ids=["nothing", "no number", "right names", "one number twice", "few", "many", "a gap", "no step", "one"],
)
def test_no_rule_is_made_up(names: list[str]) -> None:
    assert find_naming(names, ANNOTATED, SCORED, LAYOUT) is None


def test_pictures_on_several_grids_are_not_counted() -> None:
    pictures = [1, 6, 11, 13, 18, 23]
    assert of_numbers(range(len(pictures)), pictures) is None
    naming = of_numbers(pictures, pictures)
    assert naming is not None
    assert naming.rule == (1, 0)
