"""`lvos-eval pack` as it is typed: exit codes, what is printed, and what is written."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from faulty_submissions import BUILDERS
from goldens import GOLDENS
from lvos_eval.cli.main import main
from lvos_eval.cli.pack import PACK
from submissions import check, good_files, labels, png, write_folder, write_reference
from unpacking import unpack


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write_reference(tmp_path / "ref", masks="none")


def run(masks: Path, reference: Path, *options: str) -> int:
    output = masks.parent / "submission.zip"
    output = output.parent.parent / output.name if masks.parent.name == "in" else output
    return main(["pack", str(masks), "--reference", str(reference), "--output", str(output), "--jobs", "1", *options])


def coloured(folder: Path) -> Path:
    return BUILDERS["rgb-of-a-palette"](folder)


def test_what_was_done_is_a_table_and_the_zip_is_valid(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    assert run(coloured(tmp_path / "in"), reference, "--quiet") == 0
    shown = capsys.readouterr()
    first, *table, last = shown.out.splitlines()
    assert first.startswith("lvos-eval ")
    assert [line.split(None, 1) for line in table] == [
        ["9", "colours of the DAVIS palette"],
        ["2", "files that are not needed left out"],
    ]
    assert "submission.zip has 31 masks" in last
    assert last.endswith("valid (0 errors, 0 warnings)")
    assert shown.err == ""
    assert check(tmp_path / "submission.zip", reference).problems == ()


def test_a_dry_run_says_what_would_be_done(tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    assert run(coloured(tmp_path / "in"), reference, "--dry-run", "--quiet") == 0
    out = capsys.readouterr().out
    assert "colours of the DAVIS palette" in out
    assert "submission.zip would have 31 masks" in out
    assert not (tmp_path / "submission.zip").exists()


def test_a_choice_is_exit_1_with_the_option_that_makes_it(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    masks = BUILDERS["two-thirds"](tmp_path / "in")
    assert run(masks, reference, "--quiet") == 1
    shown = capsys.readouterr()
    assert "Fix: save the masks again, or let pack do it: add --resize." in shown.err
    assert shown.out.splitlines()[-1].endswith("submission.zip is not written: not valid (1 error, 0 warnings)")
    assert not (tmp_path / "submission.zip").exists()
    assert run(masks, reference, "--resize") == 0


def test_the_document_holds_all_of_it(tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    assert run(coloured(tmp_path / "in"), reference, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["packed"]
    assert document["steps"] == {"colours of the DAVIS palette": 9, "files that are not needed left out": 2}
    assert (document["masks"], document["problems"]) == (31, [])
    assert document["bytes_written"] == (tmp_path / "submission.zip").stat().st_size


def test_a_benchmark_without_a_server_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tarfile.open(GOLDENS.parent / "goldens_davis_2017.tar.xz") as archive:
        unpack(archive, tmp_path / "davis")
    (root,) = (tmp_path / "davis").rglob("DAVIS")
    assert run(write_folder(tmp_path / "masks", good_files()), root, "--protocol", "davis-2017") == 2
    assert "no server that takes masks is documented for davis-2017" in capsys.readouterr().err


def test_nothing_to_pack_is_wrong_usage(tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "nothing", reference) == 2
    assert "no submission at" in capsys.readouterr().err


@pytest.mark.parametrize("task", ["unsupervised_multiple", "unsupervised_single"])
def test_masks_of_the_other_tasks_are_packed_too(task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = write_reference(tmp_path / "ref", masks="none")
    files = {name: png((labels(name[:8], int(name[9:17])) > 0) * np.uint8(255)) for name in good_files()}
    if task == "unsupervised_multiple":
        files = good_files()
    (tmp_path / "ref" / "unsupervised_videos.txt").write_text("bVideo02\n")
    masks = write_folder(tmp_path / "masks", {name.replace("0000", "00", 1): data for name, data in files.items()})
    code = run(masks, reference, "--task", task, "--fill-missing")
    assert code == 0, capsys.readouterr().err


def test_the_example_is_a_command_that_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "results", good_files())
    (write_reference(tmp_path / "ref", masks="none") / "test_meta.json").rename(tmp_path / "valid_meta.json")
    (tmp_path / "ref" / "unseen_videos.txt").rename(tmp_path / "unseen_videos.txt")
    monkeypatch.chdir(tmp_path)
    assert main(PACK.example.split()[1:]) == 0
    assert (tmp_path / "submission.zip").is_file()
