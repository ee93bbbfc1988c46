"""Random submissions and random faults for the soak: what is scored, what goes wrong with it, and how a run may end then."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.metrics import definition
from submissions import Files, png, write_folder, write_zip

Labels: TypeAlias = NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]

OK: Final = ExitCode.SUCCESS
INVALID: Final = ExitCode.INVALID_SUBMISSION
STEP: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: its folders, its options, how it may end, and what its scores are if it succeeds."""

    fault: str
    reference: Path
    submission: Path
    codes: frozenset[int]
    options: tuple[str, ...] = ()
    means: Mapping[tuple[str, int], tuple[float, float]] = field(default_factory=dict)
    """J and F of every object by (video, id), as the textbook has them."""

    @property
    def output(self) -> Path:
        """The folder that the run writes to."""
        return self.reference.parent / "output"


@dataclass(frozen=True, slots=True)
class Scene:
    """One video: label maps by frame, of the ground truth and of the prediction."""

    name: str
    ids: tuple[int, ...]
    truth: Mapping[int, Labels]
    prediction: Mapping[int, Labels]

    @property
    def scored(self) -> list[int]:
        return sorted(self.truth)[1:-1]


def draw_scene(random: Random, name: str, frames: int, size: Size) -> Scene:
    """A video of ellipses that wander about, and a prediction that is off by some pixels and has lost some of them."""
    ids = tuple(sorted(random.sample(range(1, 9), random.randint(1, 4))))
    height, width = size
    start = {
        object_id: (random.uniform(0, width), random.uniform(0, height), random.uniform(2, 0.4 * height)) for object_id in ids
    }
    speed = {object_id: (random.uniform(-3, 3), random.uniform(-3, 3)) for object_id in ids}

    def draw(index: int, offset: int, shown: list[int]) -> Labels:
        labels = np.zeros(size, np.uint8)
        for object_id in shown:
            x, y, radius = start[object_id]
            centre = round(x + speed[object_id][0] * index) + offset, round(y + speed[object_id][1] * index)
            cv2.ellipse(labels, centre, (round(radius), round(0.6 * radius)), 30.0 * object_id, 0, 360, object_id, -1)
        return labels

    offset = random.randint(-3, 3)
    truth = {1 + STEP * index: draw(index, 0, list(ids)) for index in range(frames)}
    prediction = {
        1 + STEP * index: draw(index, offset, [object_id for object_id in ids if random.random() < 0.9])
        for index in range(frames)
    }
    return Scene(name, ids, truth, prediction)


def write_scenes(folder: Path, scenes: list[Scene]) -> Path:
    """The reference of some scenes, the first of which is unseen."""
    videos = {
        scene.name: {
            "objects": {
                str(object_id): {"frame_range": {"start": 1, "end": 1 + STEP * len(scene.truth), "frame_nums": len(scene.truth)}}
                for object_id in scene.ids
            }
        }
        for scene in scenes
    }
    folder.mkdir(parents=True)
    (folder / "test_meta.json").write_text(json.dumps({"videos": videos}))
    (folder / "unseen_videos.txt").write_text(f"{scenes[0].name}\n")
    masks = {f"{scene.name}/{frame:08d}.png": png(labels) for scene in scenes for frame, labels in scene.truth.items()}
    write_folder(folder / "Annotations", masks)
    return folder


def submitted(random: Random, scenes: list[Scene]) -> Files:
    """The masks of the prediction, each saved in one of the ways that tools have, in any order."""
    files = [
        (f"{scene.name}/{frame:08d}.png", _save(random, labels)) for scene in scenes for frame, labels in scene.prediction.items()
    ]
    random.shuffle(files)
    return dict(files)


def _save(random: Random, labels: Labels) -> bytes:
    if random.random() < 0.5:
        return png(labels, compress_level=random.randint(0, 9))
    encoded = cv2.imencode(".png", labels, [cv2.IMWRITE_PNG_STRATEGY, random.randint(0, 4)])[1]
    return bytes(encoded)


def means_of(scenes: list[Scene]) -> dict[tuple[str, int], tuple[float, float]]:
    """J and F of every object, by the definition."""
    found = {}
    for scene in scenes:
        for object_id in scene.ids:
            pairs = [(scene.truth[frame] == object_id, scene.prediction[frame] == object_id) for frame in scene.scored]
            found[scene.name, object_id] = (
                float(np.mean([definition.region_similarity(*pair) for pair in pairs])),
                float(np.mean([definition.contour_accuracy(*pair) for pair in pairs])),
            )
    return found


def a_zip(folder: Path, files: Files) -> Path:
    (folder / "res").mkdir()
    write_zip(folder / "res" / "submission.zip", files)
    return folder / "res"


# what can be wrong with a submission: each changes its files, or the bytes of its zip, and says how the run may end

Damage: TypeAlias = Callable[[Random, Files], frozenset[int]]
DAMAGES: Final[dict[str, Damage]] = {}


def _damage(damage: Damage) -> Damage:
    DAMAGES[damage.__name__.strip("_").replace("_", " ")] = damage
    return damage


def _some(random: Random, files: Files) -> str:
    """A mask that is scored: neither the first nor the last of its video."""
    name = random.choice(sorted(files))
    frames = sorted(other for other in files if other.startswith(name.partition("/")[0]))
    return random.choice(frames[1:-1])


def _array(content: bytes) -> Labels:
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


@_damage
def nothing(random: Random, files: Files) -> frozenset[int]:
    return frozenset({OK})


@_damage
def files_too_many(random: Random, files: Files) -> frozenset[int]:
    files |= {"notes.txt": b"x", "other/00000001.png": b"x", "__MACOSX/._a": b"x", ".DS_Store": b"x"}
    return frozenset({OK})


@_damage
def a_missing_mask(random: Random, files: Files) -> frozenset[int]:
    del files[_some(random, files)]
    return frozenset({INVALID})


@_damage
def a_missing_video(random: Random, files: Files) -> frozenset[int]:
    video = random.choice(sorted(files)).partition("/")[0]
    for name in [name for name in files if name.startswith(video)]:
        del files[name]
    return frozenset({INVALID})


@_damage
def a_mask_cut_short(random: Random, files: Files) -> frozenset[int]:
    name = _some(random, files)
    files[name] = files[name][: random.randrange(len(files[name]))]
    return frozenset({INVALID})


@_damage
def a_mask_in_colours(random: Random, files: Files) -> frozenset[int]:
    name = _some(random, files)
    files[name] = png(np.dstack([_array(files[name])] * 3))
    return frozenset({INVALID})


@_damage
def a_mask_of_another_size(random: Random, files: Files) -> frozenset[int]:
    name = _some(random, files)
    files[name] = png(_array(files[name])[::2, ::2])
    return frozenset({INVALID})


@_damage
def frames_numbered_from_0(random: Random, files: Files) -> frozenset[int]:
    video = random.choice(sorted(files)).partition("/")[0]
    for position, name in enumerate(sorted(name for name in files if name.startswith(video))):
        files[f"{video}/{position}.png"] = files.pop(name)
    return frozenset({INVALID})


@_damage
def a_mask_with_flipped_bits(random: Random, files: Files) -> frozenset[int]:
    name = _some(random, files)
    content = bytearray(files[name])
    for _ in range(random.randint(1, 5)):
        content[random.randrange(len(content))] ^= random.randint(1, 255)
    files[name] = bytes(content)
    return frozenset({OK, INVALID})


def damage_zip(random: Random, path: Path) -> None:
    """Flips bits of a zip, or cuts it."""
    content = bytearray(path.read_bytes())
    for _ in range(random.randint(1, 4)):
        content[random.randrange(len(content))] ^= random.randint(1, 255)
    path.write_bytes(content[: random.choice([len(content), random.randrange(len(content))])])


def spoil_a_mask(reference: Path) -> None:
    """Replaces a scored mask of the ground truth by an image that is none."""
    masks = sorted((reference / "Annotations" / "video0").iterdir())
    masks[1].write_bytes(png(np.zeros((3, 3, 3), np.uint8)))


def draw_plan(random: Random, work: Path, *, large: bool) -> Plan:
    """What is scored: small, or large enough to take most of a second."""
    frames, size = (60, (180, 320)) if large else (random.randint(3, 9), (random.randint(16, 90), random.randint(16, 120)))
    count = 2 if large else random.randint(2, 4)
    scenes = [draw_scene(random, f"video{number}", frames, size) for number in range(count)]
    reference = write_scenes(work / "ref", scenes)
    files = submitted(random, scenes)
    damage = "nothing" if large else random.choice(sorted(DAMAGES))
    what = "nothing wrong" if damage == "nothing" else damage
    codes = DAMAGES[damage](random, files)
    zipped = random.random() < 0.6
    submission = a_zip(work, files) if zipped else write_folder(work / "res", files)
    options = () if large else ("--jobs", random.choice("112"))
    means = {} if large else means_of(scenes)
    plan = Plan(what, reference, submission, codes, options, means)
    if large:
        return plan
    chance = random.random()
    if chance < 0.1 and zipped:
        damage_zip(random, submission / "submission.zip")
        return replace(plan, fault="a damaged zip", codes=frozenset({OK, INVALID}))
    if chance < 0.2:
        limit = random.choice([1e-9, random.uniform(0.0, 0.1) + 1e-9])
        (reference / "scoring.yaml").write_text(f"time_limit: {limit:.9f}\n")
        return replace(plan, fault="a time limit", codes=codes | {ExitCode.STOPPED})
    if chance < 0.25:
        spoil_a_mask(reference)
        # where nothing can be scored, the ground truth is not read
        return replace(plan, fault="a spoilt ground truth", codes=codes & {INVALID} | {ExitCode.REFERENCE})
    if chance < 0.3:
        (reference / "scoring.yaml").write_text("protokoll: lvos-v2\n")
        return replace(plan, fault="a wrong setting", codes=frozenset({ExitCode.REFERENCE}))
    if chance < 0.35:
        (work / "output").write_text("a file")
        return replace(plan, fault="an output folder that is a file", codes=frozenset({ExitCode.USAGE, ExitCode.STOPPED}))
    return plan
