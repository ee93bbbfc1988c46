"""Properties: a valid submission stays valid however it is zipped, and damage never passes for a result."""

from __future__ import annotations

import random
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import commands
from lvos_eval.diagnostics.terminal import render_problems
from lvos_eval.scoring.results import State
from submissions import good_files, png, score, write_reference

FILES: Final = good_files()


def examples(number: int) -> settings:
    """So many examples by default, since each is a scoring run, and the profile's number of them in a deep run."""
    return settings(max_examples=number if settings.get_current_profile_name() == "default" else settings().max_examples // 10)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("reference") / "ref")


@cache
def whole(reference: Path) -> dict[str, float]:
    """The scores of the undamaged submission."""
    with TemporaryDirectory() as folder:
        scores = score(zip_of(Path(folder), list(FILES.items()), zipfile.ZIP_DEFLATED), reference).report.scores
    assert scores is not None
    return dict(scores.values)


def zip_of(folder: Path, members: list[tuple[str, bytes]], compression: int) -> Path:
    with zipfile.ZipFile(folder / "submission.zip", "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return folder / "submission.zip"


WRAPPERS = st.sampled_from(
    ["", "masks/", "results/run 7/", "Annotations/", "out/Annotations/", "a/b/Annotations/", "./", "r\u00e9sultats/"]
)
LITTER = st.sampled_from(["__MACOSX/._x", ".DS_Store", "Thumbs.db", "{}aVideo01/.DS_Store", "__MACOSX/{}aVideo01/._00000001.png"])


@examples(15)
@given(
    order=st.randoms(use_true_random=False),
    wrapper=WRAPPERS,
    litter=st.lists(LITTER, unique=True),
    folders=st.booleans(),
    compression=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    suffix=st.sampled_from([".png", ".PNG"]),
)
def test_any_order_wrapper_and_litter_gives_equal_scores(
    reference: Path, order: random.Random, wrapper: str, litter: list[str], folders: bool, compression: int, suffix: str
) -> None:
    members = [(wrapper + name.replace(".png", suffix), content) for name, content in FILES.items()]
    members += [(name.format(wrapper), b"litter") for name in litter]
    if folders:
        members += [(f"{wrapper}aVideo01/", b"")]
    order.shuffle(members)
    with TemporaryDirectory() as folder:
        report = score(zip_of(Path(folder), members, compression), reference).report
    assert render_problems(report.problems) == []
    assert report.scores is not None
    assert dict(report.scores.values) == whole(reference)


@examples(30)
@given(
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=6),
    near_end=st.booleans(),
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
    compression=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_damage_is_reported_or_does_not_matter(
    reference: Path, flips: list[tuple[float, int]], near_end: bool, cut: float, compression: int
) -> None:
    with TemporaryDirectory() as folder:
        path = zip_of(Path(folder), list(FILES.items()), compression)
        content = bytearray(path.read_bytes())
        start = content.find(b"PK\x01\x02") if near_end else 0
        for place, value in flips:
            content[start + int(place * (len(content) - start))] ^= value
        path.write_bytes(content[: int(cut * len(content))])
        report = score(path, reference).report
    if report.state is State.SCORED:
        assert report.scores is not None
        assert dict(report.scores.values) == whole(reference)
    else:
        assert report.state is State.INVALID
        assert report.scores is None
        assert report.problems


@examples(30)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
def test_damage_inside_a_mask_is_reported_or_does_not_matter(reference: Path, flips: list[tuple[float, int]]) -> None:
    name = "aVideo01/00000021.png"
    content = bytearray(FILES[name])
    for place, value in flips:
        content[int(place * len(content))] ^= value
    with TemporaryDirectory() as folder:
        report = score(zip_of(Path(folder), list((FILES | {name: bytes(content)}).items()), zipfile.ZIP_STORED), reference).report
    if report.state is State.SCORED:
        assert report.scores is not None
        assert dict(report.scores.values) == whole(reference)
    else:
        assert {problem.code for problem in report.problems} <= {"unreadable-mask", "not-indexed", "wrong-size"}


def test_damage_shows_no_traceback_on_the_command_line(tmp_path: Path, reference: Path) -> None:
    path = zip_of(tmp_path, list(FILES.items()), zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    for position in random.Random(5).sample(range(len(content)), 40):
        content[position] ^= 0x41
    path.write_bytes(content)
    run = commands.lvos_eval("score", path, "--reference", reference, "--output", tmp_path / "out")
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out" / "scores.json").exists()


def test_all_zero_masks_in_one_video_are_another_score(reference: Path, tmp_path: Path) -> None:
    """The comparison of scores above can tell submissions apart."""
    black = {name: png(np.zeros((48, 64), np.uint8)) for name in FILES if name.startswith("aVideo01")}
    path = zip_of(tmp_path, list((FILES | black).items()), zipfile.ZIP_DEFLATED)
    scores = score(path, reference).report.scores
    assert scores is not None
    assert dict(scores.values) != whole(reference)
