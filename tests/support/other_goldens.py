"""Goldens of other benchmarks, each packed into one archive, and ways to damage a submission to them."""

from __future__ import annotations

import io
import json
import math
import shutil
import tarfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from commands import lvos_eval
from lvos_eval.cli.main import main

DATA: Final = Path(__file__).parents[1] / "data"


def unpack(archive: str, folder: Path) -> Path:
    with tarfile.open(DATA / archive) as packed:
        packed.extractall(folder, filter="data")
    return folder


def run(submission: Path, reference: Path, protocol: str, output: Path, *options: str, jobs: int = 1) -> tuple[int, str]:
    """The exit code and what was said about problems."""
    arguments: tuple[str | Path, ...] = (
        "--reference",
        reference,
        "--protocol",
        protocol,
        "--output",
        output,
        "--jobs",
        str(jobs),
        *options,
    )
    if jobs == 1:
        # without the start of an interpreter, which takes longer than the scores
        said, code = io.StringIO(), 0
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            code = main(["score", *map(str, (submission, *arguments))])
    else:
        done = lvos_eval("score", submission, *arguments)
        said, code = io.StringIO(done.stderr), done.returncode
    assert "Traceback" not in said.getvalue()
    return code, said.getvalue()


def scored(submission: Path, reference: Path, protocol: str, output: Path, *options: str, jobs: int = 1) -> dict[str, Any]:
    """The details of a run that ends with scores."""
    code, said = run(submission, reference, protocol, output, *options, jobs=jobs)
    assert code == 0, said
    details: dict[str, Any] = json.loads((output / "scoring_details.json").read_text())
    scores = json.loads((output / "scores.json").read_text())
    assert scores == details["scores"]
    assert not any(math.isnan(value) for value in scores.values())
    assert (output / "scores.txt").read_text() == "".join(f"{key}: {value:.10f}\n" for key, value in scores.items())
    return details


def packed(submission: Path, folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder / "submission"), "zip", submission))


def frames(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"))


def middle(folder: Path) -> Path:
    return frames(folder)[(len(frames(folder)) - 1) // 2]


def change(paths: list[Path], edit: Callable[[Any], Any]) -> None:
    for path in paths:
        labels = np.array(Image.open(path)).astype(np.uint8)
        Image.fromarray(np.ascontiguousarray(edit(labels))).save(path)


def with_pixels(label: int) -> Callable[[Any], Any]:
    def edit(labels: Any) -> Any:
        labels[0, :2] = label
        return labels

    return edit


def coloured(channels: int) -> Callable[[Any], Any]:
    return lambda labels: np.stack([labels * 60, *[labels * 0] * (channels - 1)], axis=2)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def emptied(folder: Path) -> None:
    for path in frames(folder):
        path.unlink()


def wrapped(root: Path) -> None:
    inner = root / "masks"
    videos = list(root.iterdir())
    inner.mkdir()
    for video in videos:
        shutil.move(video, inner / video.name)


def littered(root: Path, folder: Path) -> None:
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "._x").write_bytes(b"x")
    (root / ".DS_Store").write_bytes(b"x")
    (folder / ".DS_Store").write_bytes(b"x")


def add_video(root: Path, folder: Path) -> None:
    shutil.copytree(folder, root / "zz_not_there")


def without_videos(root: Path) -> None:
    for video in root.iterdir():
        shutil.rmtree(video)


def add_beside(folder: Path, number: int) -> None:
    path = frames(folder)[0]
    shutil.copy(path, folder / f"{number:0{len(path.stem)}d}.png")


def rgb_as(path: Path, mode: str) -> None:
    labels = np.array(Image.open(path))
    image = Image.fromarray(labels > 0) if mode == "1" else Image.fromarray(labels.astype(np.uint16))
    image.save(path)


DAMAGES: Final[dict[str, Callable[[Path, Path], None]]] = {
    "unchanged": lambda _, __: None,
    "middle frame missing": lambda _, folder: middle(folder).unlink(),
    "first frame missing": lambda _, folder: frames(folder)[0].unlink(),
    "last frame missing": lambda _, folder: frames(folder)[-1].unlink(),
    "extra frame": lambda _, folder: add_beside(folder, 999),
    "extra video": lambda root, folder: add_video(root, folder),
    "one of another size": lambda _, folder: change([middle(folder)], lambda labels: labels[:-3, :-5]),
    "all of another size": lambda _, folder: change(frames(folder), lambda labels: labels[:-3, :-5]),
    "transposed": lambda _, folder: change(frames(folder), lambda labels: labels.T),
    "one pixel": lambda _, folder: change([middle(folder)], lambda labels: labels[:1, :1]),
    "RGB": lambda _, folder: change(frames(folder), coloured(3)),
    "RGBA": lambda _, folder: change([middle(folder)], coloured(4)),
    "255": lambda _, folder: change([middle(folder)], with_pixels(255)),
    "id 21": lambda _, folder: change([middle(folder)], with_pixels(21)),
    "one bit": lambda _, folder: rgb_as(middle(folder), "1"),
    "sixteen bits": lambda _, folder: rgb_as(middle(folder), "16"),
    "folder empty": lambda _, folder: emptied(folder),
    "damaged": lambda _, folder: truncate(middle(folder)),
    "one more folder": lambda root, _: wrapped(root),
    "litter": littered,
    "nothing": lambda root, _: without_videos(root),
    "video missing": lambda root, folder: shutil.rmtree(root / folder.relative_to(root).parts[0]),
}
"""By what is done to the folder of a submission's masks; it gets the submission and one folder of masks in it."""


def damage(submission: Path, kind: str, folder: str, target: Path) -> Path:
    """A damaged copy of a submission."""
    shutil.copytree(submission, target)
    DAMAGES[kind](target, target / folder)
    return target
