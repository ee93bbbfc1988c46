"""A folder of stored submissions and the command that scores them again."""

from __future__ import annotations

import json
import random
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lvos_eval.cli.main import main
from submissions import FRAMES, OBJECTS, Files, good_files, labels, png, write_folder, write_zip


def moved_files(shifts: Mapping[str, int]) -> Files:
    """A valid submission whose squares are off by some pixels, per video."""
    return {f"{video}/{frame:08d}.png": png(labels(video, frame, shifts.get(video, 0))) for video in OBJECTS for frame in FRAMES}


def write_submissions(folder: Path) -> Path:
    """Three valid submissions, two of them equally good, and four that are not valid in different ways."""
    write_zip(folder_of(folder) / "good.zip", moved_files(dict.fromkeys(OBJECTS, 1)))
    write_zip(folder / "near.zip", good_files())
    write_folder(folder / "bob" / "run1", good_files())
    write_folder(folder / "far", moved_files(dict.fromkeys(OBJECTS, 6)))
    (folder / "text.zip").write_text("no zip at all")
    (folder / "empty").mkdir()
    lacking = {name: content for name, content in good_files().items() if "bVideo02" not in name}
    write_zip(folder / "lacking.zip", lacking)
    damage_member(write_zip(folder / "torn.zip", good_files(), zipfile.ZIP_STORED), "aVideo01/00000011.png")
    return folder


def folder_of(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def damage_member(archive: Path, name: str) -> Path:
    """Changes one byte of a stored member's content; the directory says nothing of it."""
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(name)
    content = bytearray(archive.read_bytes())
    content[info.header_offset + 30 + len(name) + info.file_size // 2] ^= 0xFF
    archive.write_bytes(content)
    return archive


def rescore(folder: Path, reference: Path, output: Path, *options: str | Path) -> int:
    """`lvos-eval rescore` in this process, with one job and no progress."""
    given = ["--reference", reference, "--output", output, "--jobs", "1", "--quiet", *options]
    return main(["rescore", str(folder), *map(str, given)])


def board(output: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((output / "leaderboard.json").read_text())
    return content


def newly_scored(text: str) -> tuple[int, int]:
    """Videos that were scored and videos in all, as the command says."""
    match = re.search(r"^scored (\d+) of (\d+) video", text, re.MULTILINE)
    assert match is not None, text
    return int(match[1]), int(match[2])


def published(output: Path) -> dict[str, bytes]:
    """Every file but those of the store, by path."""
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and ".store" not in path.relative_to(output).parts
    }


def write_many(folder: Path, valid: int, invalid: int, seed: int = 8) -> Path:
    """So many valid submissions that all differ, as zips and folders, and invalid ones of six kinds."""
    chance = random.Random(seed)
    folder_of(folder)
    for number in range(valid):
        files = {
            f"{video}/{frame:08d}.png": png(labels(video, frame, chance.randrange(9))) for video in OBJECTS for frame in FRAMES
        }
        if number % 3:
            write_zip(folder / f"team{number:02d}.zip", files)
        else:
            write_folder(folder / f"team{number:02d}" / "masks", files)
    faults: list[Callable[[Path], object]] = [
        lambda path: path.with_suffix(".zip").write_bytes(b"PK not a zip"),
        lambda path: path.with_suffix(".zip").write_bytes(b""),
        lambda path: path.mkdir(),
        lambda path: write_zip(path.with_suffix(".zip"), dict(list(good_files().items())[:-3])),
        lambda path: write_folder(path, good_files() | {"aVideo01/00000011.png": b"not a mask"}),
        lambda path: damage_member(
            write_zip(path.with_suffix(".zip"), good_files(), zipfile.ZIP_STORED), "bVideo02/00000016.png"
        ),
    ]
    for number in range(invalid):
        faults[number % len(faults)](folder / f"wrong{number:02d}")
    return folder


def entries(output: Path) -> int:
    """How many entries the store of a run has."""
    return sum(1 for path in (output / ".store").glob("??/*") if path.is_file())
