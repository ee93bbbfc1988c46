"""Files that are replaced whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.formats.files import remove_unfinished, replace_bytes, replace_file, replacing


def test_the_new_file_takes_the_place_of_the_old_one_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    path.write_text("old")
    with replacing(path) as unfinished:
        unfinished.write_text("new")
        assert path.read_text() == "old"
        assert unfinished.parent == tmp_path
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_a_block_that_raises_leaves_the_old_file_alone(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "board.csv"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as unfinished:
        unfinished.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_made_elsewhere_and_readable_as_it_was_asked(tmp_path: Path) -> None:
    (tmp_path / "entries").mkdir()
    path = tmp_path / "entries" / "x"
    with replacing(path, folder=tmp_path) as unfinished:
        assert unfinished.parent == tmp_path
        unfinished.touch()
    replace_bytes(path, b"secret", mode=0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"secret", 0o600)


def test_a_name_of_any_length_has_an_unfinished_one_that_the_file_system_takes(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    replace_file(path, "text")
    assert path.read_text() == "text"


def test_what_cannot_be_written_is_said_by_name(tmp_path: Path) -> None:
    with pytest.raises(RunStoppedError, match=r"^scores\.txt cannot be written: No such file or directory$"):
        replace_file(tmp_path / "gone" / "scores.txt", "")


def test_only_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    with replacing(tmp_path / "scores.json") as unfinished:
        unfinished.touch()
    # as if the process had ended in the block
    (tmp_path / "scores.json").rename(unfinished)
    kept = [".scores.json.part", ".page.html.0123abcd.part", "scores.json.0123abcd.part", ".scores.json.notes.part"]
    for name in kept:
        (tmp_path / name).touch()
    assert len(list(tmp_path.iterdir())) == 5
    remove_unfinished(tmp_path, "scores.json")
    assert {path.name for path in tmp_path.iterdir()} == set(kept)
    remove_unfinished(tmp_path)
    assert ".page.html.0123abcd.part" not in {path.name for path in tmp_path.iterdir()}
