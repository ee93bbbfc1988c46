"""The rules of `fuzz_reading.py`, on what fuzzing has come upon and on a few inputs more."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz_reading import check_input, check_zip, good_zip, seeds

FOUND: Final = Path(__file__).parents[1] / "data" / "fuzz"


def test_what_fuzzing_has_come_upon_is_borne() -> None:
    """Inputs that broke a rule, and one for each way through the code that fuzzing has found."""
    inputs = sorted(FOUND.iterdir())
    assert inputs
    for path in inputs:
        check_input(path.read_bytes())


def test_the_seeds_are_borne() -> None:
    for seed in seeds():
        check_input(seed)


def test_every_single_byte_of_a_zip_may_be_wrong() -> None:
    content = good_zip()
    for position in range(0, len(content), 3):
        changed = bytearray(content)
        changed[position] ^= 0xFF
        check_zip(bytes(changed))


@settings(max_examples=100)
@given(st.integers(0, 3), st.binary(max_size=300))
def test_any_bytes_are_borne(kind: int, data: bytes) -> None:
    check_input(bytes([kind]) + data)
