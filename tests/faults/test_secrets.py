"""Nothing that only the hidden masks hold gets into what a participant may see, however a run ends.

The ground truth is marked: a text in its files and among their names, a label that no object has, areas that are no other
number of the run, and values of J and F in each frame that are known here from the textbook's definitions.
"""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import submissions
from disturbed import IN_WORKER, Run, finish
from lvos_eval.metrics import definition

pytestmark = pytest.mark.slow

SIZE = (61, 83)
FRAMES = range(1, 37, 5)
SCORED = FRAMES[1:-1]
VIDEOS = ("aaa", "uuu")
MARKER = "gtMarker7319"
LABEL = 213
"""In every ground-truth mask, of no object."""


def truth(frame: int) -> NDArray[np.uint8]:
    labels = np.zeros(SIZE, np.uint8)
    labels[5 : 20 + frame // 5, 7 : 30 + frame] = 1
    labels[-7:, -11:] = LABEL
    return labels


def prediction(frame: int) -> NDArray[np.uint8]:
    labels = np.zeros(SIZE, np.uint8)
    labels[3:24, 4:50] = 1
    return labels


def marked(png: bytes) -> bytes:
    """The PNG with the marker in a tEXt chunk."""
    chunk = b"tEXtComment\0" + MARKER.encode()
    return png[:33] + (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + png[33:]


def marked_run(folder: Path, fault: str = "", *options: str) -> Run:
    submissions.write_folder(
        folder / "in" / "ref" / "Annotations",
        {f"{video}/{frame:08d}.png": marked(submissions.png(truth(frame))) for video in VIDEOS for frame in FRAMES}
        | {f"aaa/{MARKER}.txt": b"notes", "aaa/00077731.png": marked(submissions.png(truth(1)))},
    )
    frame_range = {"start": FRAMES.start, "end": FRAMES.stop, "frame_nums": len(FRAMES)}
    videos = {video: {"objects": {"1": {"frame_range": frame_range}}} for video in VIDEOS}
    (folder / "in" / "ref" / "test_meta.json").write_text(json.dumps({"videos": videos}))
    (folder / "in" / "ref" / "unseen_videos.txt").write_text("uuu\n")
    submissions.write_folder(
        folder / "in" / "res",
        {f"{video}/{frame:08d}.png": submissions.png(prediction(frame)) for video in VIDEOS for frame in FRAMES},
    )
    return Run(folder, fault, options or ("--jobs", "2"))


def secrets() -> list[str]:
    """What must not be found: the marker, the label, areas, and J and F of each frame as they are likely to be written."""
    found = [MARKER, "77731", rf"(?<![\w.]){LABEL}(?![\w.])"]
    for frame in SCORED:
        g, p = truth(frame) == 1, prediction(frame) == 1
        j, f = definition.region_similarity(g, p), definition.contour_accuracy(g, p)
        numbers = {int(g.sum()), int((g & p).sum()), int((g | p).sum())}
        found += [rf"(?<![\w.#-]){number}(?![\w.])" for number in numbers]
        for value in {j, f} - {0.0, 1.0}:
            found += [re.escape(f"{value:.10f}"[1:9]), re.escape(f"{100 * value:.2f}")]
    return found


def told(run: Run, *outputs: str) -> list[str]:
    """The secrets that can be found in a run's files and in what it printed."""
    texts = [path.read_text(errors="replace") for path in run.output.rglob("*") if path.is_file()] + list(outputs)
    texts += [path.name for path in run.output.rglob("*")]
    return [secret for secret in secrets() if any(re.search(secret, text) for text in texts)]


def assert_nothing_told(run: Run, code: int) -> str:
    """Returns what the run printed on stderr."""
    done = finish(run.start())
    assert done.returncode == code, done.stderr
    assert told(run, done.stdout, done.stderr) == []
    return done.stderr


def test_full_detail_tells_the_secrets_which_shows_that_they_can_be_found(tmp_path: Path) -> None:
    run = marked_run(tmp_path, "", "--jobs", "1", "--detail", "full")
    assert run.finish().returncode == 0
    assert len(told(run)) >= len(SCORED)


@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["plain", "debug"])
def test_a_good_run_tells_nothing(debug: tuple[str, ...], tmp_path: Path) -> None:
    assert_nothing_told(marked_run(tmp_path, "", "--jobs", "2", *debug), 0)


BAD = {
    "a missing mask": lambda folder: (folder / "aaa" / "00000011.png").unlink(),
    "a damaged mask": lambda folder: (folder / "aaa" / "00000011.png").write_bytes(b"\x89PNG\r\n\x1a\n"),
    "a mask of another size": lambda folder: (folder / "aaa" / "00000011.png").write_bytes(
        submissions.png(np.ones((9, 9), np.uint8))
    ),
    "colours": lambda folder: (folder / "aaa" / "00000011.png").write_bytes(
        submissions.png(np.stack([prediction(11) * np.uint8(128)] * 3, axis=-1))
    ),
    "no videos": lambda folder: (folder / "aaa").rename(folder.parent / "aaa"),
}


@pytest.mark.parametrize("bad", BAD)
def test_an_invalid_submission_is_told_nothing(bad: str, tmp_path: Path) -> None:
    run = marked_run(tmp_path, "", "--jobs", "1", "--debug")
    BAD[bad](run.submission)
    assert_nothing_told(run, 1)


IN_TRUTH = "Annotations/aaa/00000016.png"
CONTENT = f"ValueError(open(os.path.join(os.environ['TRUTH'], 'aaa', '00000016.png'), 'rb').read(), {LABEL}, {MARKER!r})"

FAULTS = {
    "an exception over a mask": (f'at("open", "{IN_TRUTH}", lambda: fail({CONTENT}))', 70),
    "an exception while writing": (f'at("open", ".scores.txt.", lambda: fail({CONTENT}))', 70),
    "a group of exceptions": (f'at("open", "{IN_TRUTH}", lambda: fail(ExceptionGroup({MARKER!r}, [{CONTENT}])))', 70),
    "an assertion": (f'at("open", "{IN_TRUTH}", lambda: fail(AssertionError({MARKER!r})))', 70),
    "a system error": (f'at("open", "{IN_TRUTH}", lambda: fail(OSError(5, "Input/output error", {MARKER!r})))', 4),
    "no memory": (f'at("open", "{IN_TRUTH}", lambda: fail(MemoryError({MARKER!r})))', 4),
    "a lost worker": (f'at("open", "{IN_TRUTH}", lambda: {IN_WORKER} and die(signal.SIGSEGV) or fail(MemoryError()))', 4),
    "a signal": (f'at("open", "{IN_TRUTH}", lambda: die(signal.SIGTERM) if not {IN_WORKER} else fail(MemoryError()))', 4),
    "a full disk": ('at("open", ".scoring_details.json.", lambda: fail(OSError(28, "No space left on device")))', 4),
}


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_that_crashes_or_is_stopped_tells_nothing(fault: str, jobs: str, tmp_path: Path) -> None:
    code, expected = FAULTS[fault]
    run = marked_run(tmp_path, code, "--jobs", jobs, "--debug")
    run.environment = {"TRUTH": str(run.reference / "Annotations")}
    errors = assert_nothing_told(run, expected)
    assert "Traceback" in errors
    if expected == 70:
        assert re.search(r"^(ValueError|ExceptionGroup|AssertionError)$", errors, re.MULTILINE)


def test_a_damaged_ground_truth_tells_nothing_but_where_it_is(tmp_path: Path) -> None:
    run = marked_run(tmp_path, "", "--jobs", "1", "--debug")
    damaged = run.reference / "Annotations" / "aaa" / "00000011.png"
    damaged.write_bytes(damaged.read_bytes()[:-30])
    (run.reference / "Annotations" / "uuu" / "00000011.png").write_bytes(MARKER.encode())
    errors = assert_nothing_told(run, 3)
    assert "00000011" in errors
