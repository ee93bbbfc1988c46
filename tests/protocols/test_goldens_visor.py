"""`visor` gives the numbers of the official tool, `==` on doubles, and its files, byte for byte.

The masks are drawn from procedural shapes made for this project; the numbers are those of github.com/epic-kitchens/VISOR-VOS at
0707a68.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

import lvos_eval as api
from benchmarks import DAMAGES, J_AND_F, Benchmark, slow_but, ways

SETS: Final = [("good", "val"), ("poor", "val"), ("edge", "val"), ("good", "val_unseen"), ("long", "train")]
CALLED: Final = {"val_unseen": "val"}
"""Its own tool refuses the name of this list, so that it was run on it under another."""

VIDEO: Final = "P03_01_seq_00312"
"""The one that is damaged, as it was for the official tool."""


@pytest.fixture(scope="module")
def visor(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return Benchmark.unpack(
        "goldens_visor.tar.xz",
        tmp_path_factory.mktemp("visor"),
        protocol="visor",
        data="VISOR_2022",
        annotations="Annotations/480p",
        statistics=J_AND_F,
    )


@pytest.mark.parametrize(("name", "image_set"), SETS)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    visor: Benchmark, name: str, image_set: str, tmp_path: Path
) -> None:
    details = visor.score(visor.submission(name), tmp_path, image_set)
    visor.require_numbers(name, image_set, details)
    visor.require_files(name, image_set, tmp_path, CALLED.get(image_set))


@pytest.mark.parametrize(("name", "image_set", "zipped", "jobs"), ways(SETS))
def test_a_zip_and_several_workers_give_the_same_numbers(
    visor: Benchmark, name: str, image_set: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = visor.packed(name, tmp_path) if zipped else visor.submission(name)
    details = visor.score(submission, tmp_path / "out", image_set, jobs)
    visor.require_numbers(name, image_set, details)
    visor.require_files(name, image_set, tmp_path / "out", CALLED.get(image_set))


REFUSED: Final = {
    "one video folder missing": ("missing-video", f"there is no folder {VIDEO}; it has 8 scored frames"),
    "one middle frame missing": ("missing-frame", "named by P01_01_frame_ and its ten digits and .png"),
    "last frame missing": ("missing-frame", f"{VIDEO} 0000000596: 1 of 8 scored frames has no mask"),
    "wrong size, one middle frame": ("wrong-size", "75x57 instead of 80x60"),
    "wrong size, all frames": ("wrong-size", "75x57 instead of 80x60"),
    "transposed, all frames": ("wrong-size", "width and height are swapped"),
    "one pixel, one frame": ("wrong-size", "1x1 instead of 80x60"),
    "RGB, all frames": ("not-indexed", "RGB"),
    "RGBA, one frame": ("not-indexed", "RGBA"),
    "two pixels of 255": ("unknown-object", "label 255 in 2 pixels; the objects are 1, 2, 3"),
    "two pixels of id 21": ("unknown-object", "label 21 in 2 pixels; the objects are 1, 2, 3"),
    "16-bit PNG, one frame": ("not-indexed", "16-bit"),
    "video folder empty": ("missing-video", f"there is no folder {VIDEO}"),
    "one PNG damaged": ("unreadable-mask", f"{VIDEO} 0000000368"),
    "results folder empty": ("no-videos", "it is empty"),
}
"""By damage the problem and words of it."""

OFFICIAL: Final = "0.776,0.743,0.862,0.031,0.809,0.884,0.005"
SCORED: Final = {
    "first frame missing": (OFFICIAL, None),
    "one extra frame at the end": (OFFICIAL, "extra-frame"),
    "one extra frame in the middle": (OFFICIAL, "extra-frame"),
    "extra video folder": (OFFICIAL, "extra-video"),
    "1-bit PNG, one frame": ("0.772,0.739,0.856,0.031,0.804,0.878,0.005", None),
    "inside one more folder": (OFFICIAL, None),
    ".DS_Store and __MACOSX": (OFFICIAL, None),
    "tables already there": (OFFICIAL, "extra-file"),
}
"""By damage the official scores and the warning. The official tool stops at one more folder, and at ids like 21 with status 0."""


def test_every_damage_is_refused_or_scored() -> None:
    assert sorted({**REFUSED, **SCORED}) == sorted(DAMAGES)


@pytest.mark.parametrize("damage", REFUSED)
def test_what_cannot_be_scored_has_a_code_and_no_score(visor: Benchmark, damage: str, tmp_path: Path) -> None:
    visor.require_refusal(visor.damaged(damage, VIDEO, tmp_path), *REFUSED[damage])


@pytest.mark.parametrize("damage", SCORED)
def test_what_can_be_scored_has_the_official_numbers_and_a_warning(visor: Benchmark, damage: str, tmp_path: Path) -> None:
    row, code = SCORED[damage]
    visor.require_score(visor.damaged(damage, VIDEO, tmp_path), row, {code} if code else set())


def test_folders_of_objects_are_recognised_and_merged(visor: Benchmark, tmp_path: Path) -> None:
    visor.require_merged(tmp_path)


def test_the_other_commands_know_it(visor: Benchmark, tmp_path: Path) -> None:
    visor.require_other_commands(tmp_path)


@pytest.mark.parametrize(("name", "image_set"), slow_but(("edge", "val"), SETS))
def test_it_is_the_same_from_python(visor: Benchmark, name: str, image_set: str, tmp_path: Path) -> None:
    visor.require_same_from_python(name, image_set, visor.score(visor.submission(name), tmp_path, image_set))


def test_a_list_where_the_tool_reads_it_takes_the_place_of_the_other(visor: Benchmark, tmp_path: Path) -> None:
    data = tmp_path / "VISOR_2022"
    shutil.copytree(visor.root, data)
    (data / "ImageSets" / "2017").mkdir()
    (data / "ImageSets" / "2017" / "val.txt").write_text(f"{VIDEO}\n")
    found = [api.check(visor.submission("good"), data, protocol="visor", image_set=name) for name in ("val", "val_unseen")]
    assert [report.valid for report in found] == [True, True]
    with pytest.raises(api.ReferenceDataError) as fault:
        api.check(visor.submission("good"), data, protocol="visor", image_set="test")
    assert fault.value.problems[0].fix == "use --set with one of: train, val, val_unseen"
    result = api.score(visor.submission("good"), data, protocol="visor")
    assert [item.label for item in result.objects] == [f"{VIDEO}_{label}" for label in (1, 2, 3)]


def test_the_masks_of_a_video_begin_alike(visor: Benchmark, tmp_path: Path) -> None:
    data = tmp_path / "VISOR_2022"
    shutil.copytree(visor.root, data)
    first = min((data / "Annotations" / "480p" / VIDEO).iterdir())
    first.rename(first.with_name(first.name.replace("P01_01", "P01_02")))
    with pytest.raises(api.ReferenceDataError, match="masks whose names begin differently: P01_01_frame_, P01_02_frame_"):
        api.check(visor.submission("good"), data, protocol="visor")


def test_a_mask_with_the_prefix_of_another_video_is_none(visor: Benchmark, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(visor.submission("good"), submission)
    path = sorted((submission / VIDEO).iterdir())[4]
    path.rename(path.with_name(path.name.replace("P01_01", "P01_02")))
    result = api.check(submission, visor.root, protocol="visor")
    assert "misnamed-frames" in {problem.code for problem in result.problems}
    assert not result.valid
