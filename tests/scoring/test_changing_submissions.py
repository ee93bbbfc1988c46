"""A submission that changes under a run: no value is kept or shown for masks that it was not taken from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import rescores
import submissions
from lvos_eval.cli import main, score
from lvos_eval.cli import rescore as rescore_command
from lvos_eval.diagnostics.errors import ExitCode, RunStoppedError
from lvos_eval.execution import workload
from lvos_eval.rescoring import cache_keys, engine, parts, portable_chunk
from lvos_eval.scoring import evaluate as evaluation
from lvos_eval.scoring import run
from lvos_eval.submission import archive_checks
from lvos_eval.submission import listing as submission
from lvos_eval.submission.listing import CHANGED
from rescores import board, published, rescore

Change = Callable[[], object]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submissions.write_reference(tmp_path_factory.mktemp("changing") / "reference")


def write(kind: str, path: Path, shift: int) -> Path:
    files = rescores.moved_files(dict.fromkeys(submissions.OBJECTS, shift))
    return submissions.write_zip(path, files) if kind == "zip" else submissions.write_folder(path, files)


class Swap:
    """A submission `team` that is one thing and becomes another, once; a bystander stays what it is."""

    def __init__(self, kind: str, base: Path) -> None:
        self.folder = rescores.folder_of(base / "submissions")
        self.team = self.folder / ("team.zip" if kind == "zip" else "team")
        self.first = write(kind, base / "first", 5)
        self.second = write(kind, base / "second", 1)
        write("zip", self.folder / "bystander.zip", 2)
        self.put(self.first)
        self.changes = 0

    def put(self, source: Path) -> None:
        """Puts a submission where `team` is, as a copy in one step."""
        fresh = self.folder.parent / "fresh"
        shutil.copytree(source, fresh) if source.is_dir() else shutil.copy(source, fresh)
        self.remove()
        fresh.rename(self.team)

    def remove(self) -> None:
        if self.team.is_dir():
            shutil.rmtree(self.team)
        else:
            self.team.unlink(missing_ok=True)

    def once(self, change: Change) -> Change:
        def changing() -> None:
            self.changes += 1
            if self.changes == 1:
                change()

        return changing


def after_recognition(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Changes something when every submission is recognised and nothing is scored."""
    original = engine.Rescoring._recognise

    def recognise(self: engine.Rescoring, *given: Any) -> Any:
        found = original(self, *given)
        change()
        return found

    monkeypatch.setattr(engine.Rescoring, "_recognise", recognise)


def after_planning(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Changes something when the masks of the team's first video are about to be read."""
    original = evaluation.evaluate_together

    def evaluate(chunks: Any) -> Any:
        if any("team" in str(chunk.source.path) for chunk in chunks):
            change()
        return original(chunks)

    monkeypatch.setattr(parts, "evaluate_together", evaluate)


def after_scoring(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Changes something when everything of the team is scored and its result is not put together."""
    original = engine.Rescoring._conclude

    def conclude(self: engine.Rescoring, item: Any) -> Any:
        if "team" in item.path.name:
            change()
        return original(self, item)

    monkeypatch.setattr(engine.Rescoring, "_conclude", conclude)


MOMENTS = {"recognised": after_recognition, "planned": after_planning, "scored": after_scoring}
Moment = Callable[[pytest.MonkeyPatch, Change], None]


def alone(folder: Path, reference: Path, output: Path) -> dict[str, bytes]:
    """What a run with a store of its own publishes for what is there now."""
    assert rescore(folder, reference, output) == ExitCode.SUCCESS
    return published(output)


@pytest.fixture(scope="module")
def expected(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[dict[str, bytes], ...]]:
    """What is published for the first and the second state of a submission of a kind."""

    @cache
    def published_for(kind: str) -> tuple[dict[str, bytes], ...]:
        base = tmp_path_factory.mktemp("expected")
        swap = Swap(kind, base)
        found = []
        for name, state in (("one", swap.first), ("two", swap.second)):
            swap.put(state)
            found.append(alone(swap.folder, reference, base / name))
        return tuple(found)

    return published_for


@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("ship", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["read", "shipped"])
def test_a_submission_that_is_replaced_gets_the_scores_of_one_of_its_states_and_spoils_no_store(
    kind: str,
    moment: Moment,
    ship: bool,
    expected: Callable[[str], tuple[dict[str, bytes], ...]],
    reference: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    swap = Swap(kind, tmp_path)
    expected_first, expected_second = expected(kind)
    options: list[str | Path] = ["--store", tmp_path / "store", *(["--ship"] if ship else [])]
    with pytest.MonkeyPatch.context() as patch:
        if ship and moment is after_planning:
            # what is shipped is read when it is dealt out, and what is scored then is what was read
            original = portable_chunk.pack
            swapping = swap.once(lambda: swap.put(swap.second))

            def pack(chunk: Any) -> Any:
                if "team" in str(chunk.source.path):
                    swapping()
                return original(chunk)

            patch.setattr(portable_chunk, "pack", pack)
        else:
            moment(patch, swap.once(lambda: swap.put(swap.second)))
        # in one process, there is nobody to ship to: the work is done as on a cluster all the same
        patch.setattr(rescore_command, "_check_usage", lambda options: None)
        assert rescore(swap.folder, reference, tmp_path / "swapped", *options) == ExitCode.SUCCESS
    assert swap.changes
    said = "note: 1 submission changed during the run" in capsys.readouterr().out
    if moment is after_scoring:
        # too late: the result is that of the masks that were scored
        assert published(tmp_path / "swapped") == expected_first
    else:
        assert published(tmp_path / "swapped") == expected_second
        assert said
    swap.put(swap.first)
    assert rescore(swap.folder, reference, tmp_path / "back", "--store", tmp_path / "store") == ExitCode.SUCCESS
    assert published(tmp_path / "back") == expected_first


@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_submission_that_vanishes_is_a_problem_of_its_own(kind: str, moment: Moment, reference: Path, tmp_path: Path) -> None:
    swap = Swap(kind, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        moment(patch, swap.once(swap.remove))
        assert rescore(swap.folder, reference, tmp_path / "out") == ExitCode.SUCCESS
    assert [item["submission"] for item in board(tmp_path / "out")["submissions"]] == ["bystander.zip"]
    (gone,) = board(tmp_path / "out")["invalid"]
    assert gone["problems"][0]["message"] == f"no submission at {swap.team.name}."


def test_one_mask_that_is_replaced_in_a_folder_is_noticed(reference: Path, tmp_path: Path) -> None:
    swap = Swap("folder", tmp_path)
    mask = "aVideo01/00000016.png"
    with pytest.MonkeyPatch.context() as patch:
        after_recognition(patch, swap.once(lambda: shutil.copy(swap.second / mask, swap.team / mask)))
        assert rescore(swap.folder, reference, tmp_path / "swapped", "--store", tmp_path / "store") == ExitCode.SUCCESS
    assert published(tmp_path / "swapped") == alone(swap.folder, reference, tmp_path / "alone")


def test_a_submission_that_changes_while_it_is_recognised_is_recognised_anew(reference: Path, tmp_path: Path) -> None:
    swap = Swap("zip", tmp_path)
    original = cache_keys._read
    swapping = swap.once(lambda: swap.put(swap.second))

    def read(tasks: Any, reader: Any) -> Any:
        found = original(tasks, reader)
        swapping()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache_keys, "_read", read)
        (swap.folder / "bystander.zip").unlink()
        assert rescore(swap.folder, reference, tmp_path / "swapped") == ExitCode.SUCCESS
    assert published(tmp_path / "swapped") == alone(swap.folder, reference, tmp_path / "alone")


def test_a_submission_that_never_keeps_still_ends_the_run_when_all_others_are_stored(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swap = Swap("zip", tmp_path)
    states = iter([swap.second, swap.first] * 9)
    original = engine.Rescoring._conclude
    with pytest.MonkeyPatch.context() as patch:
        after_recognition(patch, lambda: swap.put(next(states)))
        # in later attempts both states are in the store
        patch.setattr(
            engine.Rescoring, "_conclude", lambda self, item: None if "team" in item.path.name else original(self, item)
        )
        assert rescore(swap.folder, reference, tmp_path / "out") == ExitCode.STOPPED
    assert "1 submission changed 3 times during the run: team.zip; everything else is in the store" in capsys.readouterr().err
    assert not (tmp_path / "out" / "leaderboard.json").exists()
    assert rescore(swap.folder, reference, tmp_path / "out") == ExitCode.SUCCESS
    assert "scored 0 of" in capsys.readouterr().out


@pytest.mark.parametrize("command", [submissions.score, submissions.check], ids=["score", "check"])
def test_a_zip_that_is_replaced_while_it_is_opened_stops_the_run(
    command: Callable[[Path, Path], object], reference: Path, tmp_path: Path
) -> None:
    swap = Swap("zip", tmp_path)
    original = archive_checks.list_members

    def listing(*given: Any, **named: Any) -> Any:
        found = original(*given, **named)
        swap.put(swap.second)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submission, "list_members", listing)
        with pytest.raises(RunStoppedError, match=CHANGED):
            command(swap.team, reference)


@pytest.mark.parametrize("command", [submissions.score, submissions.check], ids=["score", "check"])
@pytest.mark.parametrize("change", ["gone", "added"])
def test_a_folder_that_changes_while_it_is_listed_stops_the_run(
    change: str, command: Callable[[Path, Path], object], reference: Path, tmp_path: Path
) -> None:
    swap = Swap("folder", tmp_path)
    original = run.open_checked

    def opening(*given: Any) -> Any:
        found = original(*given)
        if change == "gone":
            (swap.team / "aVideo01" / "00000016.png").unlink()
        else:
            (swap.team / "aVideo01" / "00000017.png").touch()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "open_checked", opening)
        with pytest.raises(RunStoppedError, match=CHANGED):
            command(swap.team, reference)


def test_check_stops_where_a_mask_is_replaced_while_it_reads(reference: Path, tmp_path: Path) -> None:
    swap = Swap("folder", tmp_path)
    original = workload.run_pieces

    def running(*given: Any) -> Any:
        shutil.copy(swap.second / "aVideo01" / "00000016.png", swap.team / "aVideo01" / "00000016.png")
        yield from original(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "run_pieces", running)
        with pytest.raises(RunStoppedError, match=CHANGED):
            submissions.check(swap.team, reference)


def test_score_stops_where_masks_are_replaced_before_their_pictures_are_drawn(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swap = Swap("zip", tmp_path)
    original = run.score_submission

    def scoring(*given: Any, **named: Any) -> Any:
        result = original(*given, **named)
        swap.put(swap.second)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "score_submission", scoring)
        options = ["--reference", str(reference), "--output", str(tmp_path / "out"), "--jobs", "1", "--quiet"]
        assert main.main(["score", str(swap.team), *options]) == ExitCode.STOPPED
    assert "masks changed after they were scored" in capsys.readouterr().err
    assert not (tmp_path / "out" / "scores.json").exists()
