"""Inflating to an exact length, with either engine."""

from __future__ import annotations

import importlib.util
import sys
import zlib
from collections.abc import Iterator
from types import ModuleType

import pytest

import lvos_eval.formats.inflate


@pytest.fixture(params=["installed", "standard library"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module with the engine that is installed, and a second copy of it that has to do without zlib-ng."""
    if request.param == "installed":
        yield lvos_eval.formats.inflate
        return
    monkeypatch.setitem(sys.modules, "zlib_ng", None)
    spec = importlib.util.find_spec("lvos_eval.formats.inflate")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not module.ACCELERATED
    yield module


CONTENT = bytes(range(256)) * 300


def test_data_of_the_right_length_is_inflated(engine: ModuleType) -> None:
    assert engine.inflate(zlib.compress(CONTENT), len(CONTENT)) == CONTENT
    assert engine.inflate(zlib.compress(b""), 0) == b""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    assert engine.inflate(packer.compress(CONTENT) + packer.flush(), len(CONTENT), engine.RAW) == CONTENT
    assert engine.inflate(memoryview(zlib.compress(CONTENT)), len(CONTENT)) == CONTENT


@pytest.mark.parametrize(
    ("data", "length", "reason"),
    [
        (zlib.compress(CONTENT), len(CONTENT) - 1, "more than the expected 76799 bytes of data"),
        (zlib.compress(CONTENT), len(CONTENT) + 1, "cut short: 76800 of 76801 bytes of data"),
        (zlib.compress(CONTENT)[:-1], len(CONTENT), "cut short: the checksum is missing"),
        (b"nonsense", 5, "damaged compressed data ("),
        (b"", 5, "cut short: 0 of 5 bytes of data"),
    ],
    ids=["too long", "too short", "no checksum", "nonsense", "empty"],
)
def test_everything_else_is_a_fault(engine: ModuleType, data: bytes, length: int, reason: str) -> None:
    with pytest.raises(engine.InflateError) as fault:
        engine.inflate(data, length)
    assert str(fault.value).startswith(reason)


def test_a_wrong_checksum_is_a_fault(engine: ModuleType) -> None:
    data = bytearray(zlib.compress(CONTENT))
    data[-1] ^= 1
    with pytest.raises(engine.InflateError, match="damaged compressed data"):
        engine.inflate(bytes(data), len(CONTENT))


def test_a_bomb_is_not_unpacked(engine: ModuleType) -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    with pytest.raises(engine.InflateError, match="more than the expected 10 bytes"):
        engine.inflate(bomb, 10)


def test_checksums_are_those_of_the_standard_library(engine: ModuleType) -> None:
    assert engine.crc32(CONTENT) == zlib.crc32(CONTENT)
