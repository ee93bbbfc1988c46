"""The measurement of whole commands, on a set that takes no time."""

import re
from pathlib import Path

import pytest

from perf.commands import main
from perf.data import Request, generate


@pytest.mark.slow
def test_every_command_has_its_time_and_its_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "tiny"
    generate(data, Request("tiny", trackers=("good",), zipped=True), jobs=1)
    assert main([str(data), "--jobs", "1"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("3 videos, 30 scored frames, 7 objects; the zip has ")
    for command in ("`check-reference`", "`check`", "`score`", "`rescore`, nothing stored", "`rescore`, all stored"):
        row = re.search(rf"^\| {command} \| (.+) \|$", text, re.MULTILINE)
        assert row is not None
        seconds, cpu, _, memory, processes = (float(cell.replace(",", "")) for cell in row[1].split(" | "))
        assert 0 < cpu < 1.5 * seconds
        assert 20 < memory < 400
        assert processes >= 1


def test_without_data_it_is_said_how_to_write_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reference").mkdir()
    assert main([str(tmp_path)]) == 2
    assert "make load-data" in capsys.readouterr().err
