"""Rules from the names found to the names wanted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lvos_eval.naming import find_naming_rule

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
            "numbered from 0 in steps of 1 instead of from 00000011 in steps of 5",
            "5 * n + 11",
        ),
        (
            lambda k, n: f"{k + 1:05d}.png",
            ANNOTATED,
            "numbered from 1 in steps of 1 instead of from 00000011 in steps of 5",
            "5 * n + 6",
        ),
        (lambda k, n: f"{n - 11:08d}.png", ANNOTATED, "the numbers are off by 11", "n + 11"),
        (lambda k, n: f"{n + 1:08d}.png", ANNOTATED, "the numbers are off by 1", "n - 1"),
        (
            lambda k, n: f"{k:08d}.png",
            SCORED,
            "numbered from 0 in steps of 1 instead of from 00000016 in steps of 5",
            "5 * n + 16",
        ),
        (
            lambda k, n: f"{k:08d}.png",
            ANNOTATED[1:],
            "numbered from 0 in steps of 1 instead of from 00000016 in steps of 5",
            "5 * n + 16",
        ),
    ],
)
def test_a_rule_is_found_and_said(name: Callable[[int, int], str], frames: list[int], words: str, formula: str) -> None:
    names = [name(position, frame) for position, frame in enumerate(frames)]
    rule = find_naming_rule(names, ANNOTATED, SCORED)
    assert rule is not None
    assert (rule.in_words, rule.formula) == (words, formula)
    assert dict(zip(rule.names, rule.frames, strict=True)) == dict(zip(names, frames, strict=True))


def test_examples_are_the_first_two_and_the_last() -> None:
    rule = find_naming_rule([f"{n}.png" for n in (11, 16, 21, 26)], ANNOTATED, SCORED)
    assert rule is not None
    assert rule.examples == "11.png -> 00000011.png, 16.png -> 00000016.png, 26.png -> 00000026.png"


def test_only_the_files_with_wrong_names_are_part_of_a_rule_of_digits() -> None:
    rule = find_naming_rule(["00000011.png", "16.png"], ANNOTATED, SCORED)
    assert rule is not None
    assert (rule.names, rule.frames, rule.in_words) == (("16.png",), (16,), "2 digits instead of 8")


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["readme.png"],
        [f"{n:08d}.png" for n in SCORED[:3]],
        ["16.png", "016.png"],
        [f"{k:08d}.png" for k in range(len(ANNOTATED) + 1)],
        [f"{k * k:08d}.png" for k in range(len(ANNOTATED))],
    ],
    ids=["nothing", "no number", "right names", "one number twice", "another count", "no step"],
)
def test_no_rule_is_made_up(names: list[str]) -> None:
    assert find_naming_rule(names, ANNOTATED, SCORED) is None
