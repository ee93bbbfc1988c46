"""The message of an exception that nobody foresaw may hold parts of hidden masks: it is printed for public masks only.

The work of a command is broken at each of its stages by an exception that holds a marker, an array and bytes of a file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pytest

import submissions
from lvos_eval.cli.main import COMMANDS, load, main, platform_main
from lvos_eval.diagnostics.errors import ExitCode, format_traceback
from lvos_eval.reference.ground_truth import find_sizes
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import load_settings
from lvos_eval.reference.survey import survey_masks
from lvos_eval.reporting.page_model import video_sections
from lvos_eval.reporting.result_document import details
from lvos_eval.scoring.evaluate import evaluate_chunk, evaluate_together
from lvos_eval.scoring.publication import publish
from lvos_eval.submission.check_masks import check_masks
from lvos_eval.submission.listing import open_submission

MARKER: Final = "gtMarker"
ARRAY: Final = np.arange(7300, 7400).reshape(10, 10)
CONTENTS: Final = ("7319", "7350", "IDAT-of-a-mask")
"""Parts of the array and of the bytes."""

SECRETS: Final = (MARKER, ARRAY, b"\x89PNG\r\n\x1a\nIDAT-of-a-mask")

STAGES: Final[Mapping[str, Callable[..., object]]] = {
    "settings": load_settings,
    "metadata": load_manifest,
    "sizes": find_sizes,
    "submission": open_submission,
    "masks": evaluate_chunk,
    "findings": check_masks,
    "scores": publish,
    "page": video_sections,
    "details": details,
}
"""A function that is called at each stage of a scoring run."""


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return submissions.write_reference(tmp_path / "in" / "ref")


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    return submissions.write_folder(tmp_path / "in" / "res", submissions.good_files())


def replace_everywhere(function: Callable[..., object], other: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts another function in the place of one of the program, in every module that has imported it."""
    for command in COMMANDS:
        # loaded when it is asked for
        load(command)
    for module in [module for name, module in sys.modules.items() if name.startswith("lvos_eval.")]:
        for name in [name for name, value in vars(module).items() if value is function]:
            monkeypatch.setattr(module, name, other)


def break_at(stage: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(*SECRETS)

    replace_everywhere(stage, fail, monkeypatch)


def told(capsys: pytest.CaptureFixture[str], output: Path) -> str:
    """Everything that a command printed and wrote."""
    printed = capsys.readouterr()
    return "".join([printed.out, printed.err, *(path.read_text() for path in output.rglob("*") if path.is_file())])


def run(command: str, tmp_path: Path, *options: str) -> int:
    reference, submission, output = tmp_path / "in" / "ref", tmp_path / "in" / "res", tmp_path / "out"
    common = ["--jobs", "1", "--quiet", *options]
    to = ["--output", str(output)]
    commands: dict[str, Callable[[], int]] = {
        "evaluate": lambda: platform_main([str(tmp_path / "in"), str(output), *common]),
        "score": lambda: main(["score", str(submission), "--reference", str(reference), *to, *common]),
        "rescore": lambda: main(["rescore", str(tmp_path / "stored"), "--reference", str(reference), *to, *common]),
        "check-reference": lambda: main(["check-reference", str(reference), *common]),
    }
    return commands[command]()


@pytest.mark.parametrize("options", [(), ("--debug",)], ids=["plain", "debug"])
@pytest.mark.parametrize("stage", STAGES)
def test_on_hidden_masks_no_stage_of_a_run_shows_a_message(
    stage: str,
    options: Sequence[str],
    reference: Path,
    submission: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    break_at(STAGES[stage], monkeypatch)
    assert run("evaluate", tmp_path, *options) == ExitCode.UNFORESEEN
    text = told(capsys, tmp_path / "out")
    assert "Traceback" in text
    assert "\nValueError\n" in text
    assert [word for word in (MARKER, *CONTENTS) if word in text] == []
    assert "lvos-eval itself failed" in (tmp_path / "out" / "detailed_results.html").read_text()


@pytest.mark.parametrize("asked", ["option", "settings"])
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "settings"])
def test_on_public_masks_a_message_is_shown_without_the_contents_of_arrays_and_files(
    stage: str,
    asked: str,
    reference: Path,
    submission: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if asked == "settings":
        (reference / "scoring.yaml").write_text("detail: full\n")
    break_at(STAGES[stage], monkeypatch)
    assert run("evaluate", tmp_path, *(("--detail", "full") if asked == "option" else ())) == ExitCode.UNFORESEEN
    text = told(capsys, tmp_path / "out")
    assert f"ValueError: ({MARKER!r}, array" in text
    assert [word for word in CONTENTS if word in text] == []


def test_what_fails_before_it_is_decided_shows_no_message(
    reference: Path, submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (reference / "scoring.yaml").write_text("detail: full\n")
    break_at(load_settings, monkeypatch)
    assert run("score", tmp_path, "--debug") == ExitCode.UNFORESEEN
    assert MARKER not in told(capsys, tmp_path / "out")


def test_what_is_decided_does_not_change_on_the_way(
    reference: Path, submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings that become others while a run reads them change neither its messages nor its outputs."""
    (reference / "scoring.yaml").write_text("detail: public\n")

    def load_and_change(folder: Path) -> object:
        settings = load_settings(folder)
        (reference / "scoring.yaml").write_text("detail: full\n")
        return settings

    replace_everywhere(load_settings, load_and_change, monkeypatch)
    assert run("evaluate", tmp_path) == ExitCode.SUCCESS
    assert 'class="timeline"' not in told(capsys, tmp_path / "out")


@pytest.mark.parametrize("stage", ["settings", "metadata", "submission", "masks", "findings", "scores", "page"])
def test_a_rescoring_of_hidden_masks_shows_no_message(
    stage: str, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    submissions.write_folder(tmp_path / "stored" / "one", submissions.good_files())
    break_at(evaluate_together if stage == "masks" else STAGES[stage], monkeypatch)
    assert run("rescore", tmp_path, "--debug") == ExitCode.UNFORESEEN
    text = told(capsys, tmp_path / "nothing")
    assert [word for word in (MARKER, *CONTENTS) if word in text] == []


def test_the_check_of_hidden_masks_shows_no_message(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_at(survey_masks, monkeypatch)
    assert run("check-reference", tmp_path, "--debug") == ExitCode.UNFORESEEN
    text = told(capsys, tmp_path / "nothing")
    assert [word for word in (MARKER, *CONTENTS) if word in text] == []


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f"bad {ARRAY!r}", "bad array[...]"),
        (f"bad {ARRAY}", "bad [...]"),
        (f"bad {np.zeros((3, 3), bool)}", "bad [...]"),
        (f"bad {b'0123456789'!r}", "bad b'...'"),
        ("shapes (720,1280) and (360,640) at 0x7f, r = 1e-5", "shapes (720,1280) and (360,640) at 0x7f, r = 1e-5"),
        (f"{submissions.labels('aVideo01', 1).tolist()} is odd", "[...] is odd"),
    ],
)
def test_contents_are_taken_out_of_messages(message: str, shown: str) -> None:
    assert format_traceback(ValueError(message), messages=True).splitlines()[-1] == f"ValueError: {shown}"
