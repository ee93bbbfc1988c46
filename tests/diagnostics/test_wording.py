"""Counts, lists and sizes in sentences."""

from __future__ import annotations

from lvos_eval.diagnostics.text import counted, in_natural_order, listed, printable, sized, zip_of


def test_one_is_singular_and_thousands_are_grouped() -> None:
    assert [counted(number, "mask") for number in (0, 1, 2, 150_000)] == ["0 masks", "1 mask", "2 masks", "150,000 masks"]


def test_a_list_ends_in_a_count_of_the_rest() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(range(2000), 2) == "0, 1 and 1,998 more"


def test_long_names_are_cut() -> None:
    assert listed(["x" * 80]) == "x" * 80
    assert listed(["x" * 81]) == "x" * 77 + "..."


def test_sizes_are_megabytes_or_gigabytes() -> None:
    assert [sized(number) for number in (67_108_864, 999_000_000, 10_737_418_240)] == ["67 MB", "999 MB", "10.7 GB"]


def test_control_and_direction_characters_are_escaped() -> None:
    assert printable("a\x1b[2J\n\u202e\udcff\u00e9") == "a\\x1b[2J\\n\\u202e\\udcff\u00e9"


def test_names_are_sorted_as_people_count_whatever_their_order_was() -> None:
    names = ["v1", "v01", "v2", "v10", "v10a2", "v10a10", "w"]
    assert in_natural_order(reversed(names)) == ["v01", "v1", *names[2:]]
    assert in_natural_order(["x" * 100 + "2", "x" * 100 + "10"]) == ["x" * 100 + "10", "x" * 100 + "2"]


def test_the_command_for_a_folder_is_quoted_where_it_must_be() -> None:
    assert zip_of("home/me/results") == "python -m zipfile -c submission.zip home/me/results"
    assert zip_of("my masks") == 'python -m zipfile -c submission.zip "my masks"'
    assert zip_of("a$b") == "python -m zipfile -c submission.zip 'a$b'"
