"""Which frames have a picture: further ones are spread over the time of objects that have one already."""

from __future__ import annotations

from lvos_eval.reporting.frame_choice import frames_to_draw
from lvos_eval.scoring.results import ObjectFrame


def values(object_id: int, *qualities: float) -> list[ObjectFrame]:
    return [ObjectFrame(object_id, 6 + 5 * index, value, value, True) for index, value in enumerate(qualities)]


BAD = ("v", 1), values(1, *[0.8] * 4, 0.1, *[0.8] * 12)
GOOD = ("v", 2), values(2, *[0.95] * 17)


def chosen(between: int) -> list[tuple[int, int]]:
    return [(key[1], value.frame) for key, value in frames_to_draw(dict((GOOD, BAD)), between)]


def test_without_room_only_the_worst_frames_are_shown() -> None:
    assert chosen(0) == [(1, 26), (1, 6)]


def test_further_frames_are_the_first_the_last_and_those_between() -> None:
    assert chosen(4) == [(1, 26), (1, 6), (1, 86), (1, 46), (1, 66), (1, 16)], "6 and 26 are there already"


def test_there_are_no_more_than_fit_an_object_and_none_twice() -> None:
    found = chosen(100)
    assert len(found) == len(set(found)) == 9
