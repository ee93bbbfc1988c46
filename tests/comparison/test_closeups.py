"""The objects on which results differ most: which, in which frame, and that only what was scored is drawn."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from goldens import REFERENCE, prediction
from lvos_eval.cli.main import main
from lvos_eval.comparison.closeups import MOST_RESULTS, CloseUp, Masks, close_ups
from lvos_eval.diagnostics.errors import ExitCode, UsageError
from lvos_eval.reporting.overlays import FOUND, MISSED
from lvos_eval.reporting.reading import Result, read_frames, read_result
from lvos_eval.scoring.results import ObjectFrame


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of two predictions with full detail, and of one with public detail."""
    base = tmp_path_factory.mktemp("closeups")
    for name, source, detail in (("good", "good", "full"), ("poor", "poor", "full"), ("public", "poor", "public")):
        options = ["--reference", str(REFERENCE), "--output", str(base / name), "--detail", detail, "--quiet", "--jobs", "1"]
        assert main(["score", str(prediction(source)), *options]) == ExitCode.SUCCESS
    return base


def results(base: Path, *names: str) -> list[Result]:
    return [read_result(base / name) for name in names]


def masks(base: Path, *pairs: tuple[str, str]) -> Masks:
    return Masks(REFERENCE, {base / name / "scoring_details.json": prediction(source) for name, source in pairs})


def compare(base: Path, *options: str | Path) -> int:
    return main(["compare", str(base / "good"), str(base / "poor"), *map(str, options)])


def test_the_objects_that_differ_most_come_first(base: Path) -> None:
    one, other = results(base, "good", "poor")
    found = close_ups([one, other])
    jf = [{(item.video, item.object_id): item.jf for item in result.objects} for result in (one, other)]
    apart = sorted((abs(jf[0][key] - jf[1][key]) for key in jf[0]), reverse=True)
    assert [max(item.scores) - min(item.scores) for item in found] == apart[: len(found)]
    assert all(item.picture is None for item in found)
    assert (
        found[0].frames[1]
        == read_frames(base / "poor" / "scoring_details.json", [(found[0].video, found[0].object_id)])[
            found[0].video, found[0].object_id
        ]
    )


def test_the_frame_shows_the_object_where_results_differ_in_one_that_does() -> None:
    def values(*pairs: tuple[float, bool]) -> tuple[ObjectFrame, ...]:
        return tuple(ObjectFrame(1, 6 + 5 * index, value, value, visible) for index, (value, visible) in enumerate(pairs))

    one = values((1.0, True), (1.0, False), (0.9, True))
    assert CloseUp("v", 1, (), (one, values((1.0, True), (0.0, False), (0.8, True)))).apart == 2
    assert CloseUp("v", 1, (), (one, values((1.0, True), (0.0, False), (0.9, True)))).apart == 1


def test_pictures_show_the_truth_and_then_each_prediction(base: Path) -> None:
    found = close_ups(results(base, "good", "poor"), masks(base, ("good", "good"), ("poor", "poor")))
    pictures = [item.picture for item in found if item.picture is not None]
    assert len(pictures) == len(found) > 0
    picture = pictures[0]
    with Image.open(io.BytesIO(base64.b64decode(picture.uri.partition(",")[2]))) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[:2] == (picture.height, picture.width)
    panels = [pixels[:, start : start + 480] for start in (0, 486, 972)]
    missed, right = ([(panel == colour).all(axis=2).sum() for panel in panels] for colour in (MISSED, FOUND))
    assert missed[0] == 0
    assert right[0] > 0
    assert missed[2] > missed[1], "the second result is the worse one there"


def test_public_results_have_no_close_ups(base: Path) -> None:
    assert read_frames(base / "public" / "scoring_details.json", [("a", 1)]) == {}
    assert close_ups(results(base, "good", "public")) == ()
    assert close_ups(results(base, "good", "good")) == (), "nor have equal ones"


def test_no_more_results_are_drawn_than_can_be_told_apart(base: Path) -> None:
    found = close_ups(results(base, "good", "poor", "good", "good", "public"))
    assert {len(item.frames) for item in found} == {MOST_RESULTS}


def test_masks_that_were_not_scored_are_refused(base: Path) -> None:
    with pytest.raises(UsageError, match=r"poor is not the submission that .*good.* was scored from: J of .* differs; give"):
        close_ups(results(base, "good", "poor"), masks(base, ("good", "poor"), ("poor", "good")))


def test_the_page_has_timelines_and_pictures(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    given = ("--reference", REFERENCE, "--submissions", prediction("good"), prediction("poor"), "--exit-zero")
    assert compare(base, "--html", page, *given) == ExitCode.SUCCESS
    text = page.read_text()
    assert text.count('class="timeline"') == text.count("data:image/") - text.count("data:image/svg") > 0
    assert len(text.encode()) < 2_000_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--reference", REFERENCE), "pictures take both --reference and --submissions"),
        (("--submissions", "a", "b"), "pictures take both --reference and --submissions"),
        (("--reference", REFERENCE, "--submissions", "a", "b"), "pictures are on the page only"),
        (("--reference", REFERENCE, "--submissions", "a", "--html", "page.html"), "--submissions gives 1 of 2 submissions"),
    ],
)
def test_pictures_that_cannot_be_drawn_are_refused_before_anything_is_printed(
    options: tuple[str | Path, ...], message: str, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = [tmp_path / option if option == "page.html" else option for option in options]
    assert compare(base, *shown) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda item: item["J"].pop(), "must be an object with as many values of J, F and visible as frames"),
        (lambda item: item["frame"].reverse(), "must be an object with as many values"),
        (lambda item: item["visible"].__setitem__(0, "yes"), 'visible[0] is "yes"; it must be true or false'),
        (lambda item: item["F"].__setitem__(0, 7), "F[0] is 7; it must be a number from 0 to 1"),
        (lambda item: item.pop("F"), "F is missing; it must be a list"),
    ],
)
def test_frames_that_no_run_wrote_are_refused(
    harm: Callable[[dict[str, Any]], object], message: str, base: Path, tmp_path: Path
) -> None:
    content = json.loads((base / "good" / "scoring_details.json").read_text())
    name = next(iter(content["frames"]))
    harm(content["frames"][name])
    path = tmp_path / "harmed.json"
    path.write_text(json.dumps(content))
    video, _, object_id = name.rpartition("/")
    with pytest.raises(UsageError) as error:
        read_frames(path, [(video, int(object_id))])
    assert message in str(error.value)
