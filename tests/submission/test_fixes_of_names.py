"""What is printed about names, folders and zips, done word for word, ends with the scores of the unharmed masks."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import PIL.Image
import pytest

import goldens
from faulty_submissions import BUILDERS, VIDEO
from lvos_eval.diagnostics.problems import SUBMISSION_CODES, Problem
from lvos_eval.diagnostics.text import ZIP_MASKS
from lvos_eval.reference.loading import load_manifest
from submissions import check, good_files, png, score, write_folder, write_reference, write_zip

CODES: Final = {
    *(code for code in SUBMISSION_CODES if code.startswith(("archive-", "extra-", "missing-"))),
    *("not-an-archive", "no-videos", "two-sets", "misnamed-frames", "ids-encoded"),
}
"""The codes whose fixes are about names, folders and zips."""

COMMAND: Final = re.compile(
    r"python -c \"[^\"]*\"|python -m zipfile -c submission\.zip (?:\"[^\"]*\"|[^\s;]+)|(?:cp|chmod) [^;]*"
)


@dataclass(frozen=True)
class Desk:
    """Where a participant works: the folder `masks` with what a tracker wrote, and the faulty submission."""

    folder: Path
    submission: Path
    problem: Problem

    @property
    def masks(self) -> Path:
        return self.folder / "masks"

    def unpack(self, name: str) -> Path:
        """The faulty submission as a folder beside the zip."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        if self.submission.is_dir():
            shutil.copytree(self.submission, self.folder / name, symlinks=True)
        else:
            with zipfile.ZipFile(self.submission) as archive:
                archive.extractall(self.folder / name)
        return self.folder / name

    def run(self, command: str) -> None:
        """Runs a printed command as it stands, without a shell: no shell's expansions are needed."""
        words = shlex.split(command)
        words[0] = sys.executable if words[0] == "python" else words[0]
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True, timeout=60)


Fix = Callable[[Desk], Path]


def run_the_commands(desk: Desk) -> Path:
    """Runs everything that is printed, on the masks as the tracker wrote them."""
    commands = COMMAND.findall(desk.problem.fix)
    assert commands, desk.problem.fix
    for command in commands:
        desk.run(command)
    return desk.folder / "submission.zip"


def unpack_and_run(desk: Desk) -> Path:
    assert desk.problem.fix.startswith("unpack the zip into a folder masks")
    desk.unpack("masks")
    return run_the_commands(desk)


def zip_again(desk: Desk) -> Path:
    assert re.search(r"\bzip\b", desk.problem.fix), desk.problem.fix
    desk.run(ZIP_MASKS)
    return desk.folder / "submission.zip"


def zip_the_buried_folder(desk: Desk) -> Path:
    shutil.unpack_archive(desk.submission, desk.folder)
    return run_the_commands(desk)


def rename_masks(desk: Desk) -> Path:
    """Copies each mask into a new folder under the name that the fix gives for the number in its present name."""
    masks = desk.unpack("masks")
    (formula,) = re.findall(r'its right name is (f"[^"]*")\.', desk.problem.fix)
    several = re.search(r"\d masks of \d+ videos \(([^)]*)\)", desk.problem.message)
    for video in several[1].split(", ") if several else [str(desk.problem.video)]:
        old = (masks / video).rename(masks / "old")
        (masks / video).mkdir()
        for path in old.iterdir():
            shutil.copy(path, masks / video / eval(formula, {"n": int(re.findall("[0-9]+", path.stem)[-1])}))
        shutil.rmtree(old)
    return masks


def write_again(desk: Desk) -> Path:
    """Writes every mask under the eight digits of its frame, in the folder of its video."""
    assert re.search(r"write (a mask|one mask per frame|the masks again)|with a mask for every frame", desk.problem.fix), (
        desk.problem.fix
    )
    return desk.masks


def rename_folders(desk: Desk) -> Path:
    masks = desk.unpack("masks")
    moves = re.findall(r"(\w+)/ to (\w+)/|(\w+) -> (\w+)", desk.problem.fix)
    assert moves, desk.problem.fix
    for move in moves:
        old, new = (name for name in move if name)
        (masks / old).rename(masks / new)
    return masks


def put_side_by_side(desk: Desk) -> Path:
    masks = desk.unpack("masks")
    (place,) = re.findall(r"side by side in (\w+)/", desk.problem.fix)
    (elsewhere,) = re.findall(r"is in (\w+),", desk.problem.message)
    (masks / elsewhere / str(desk.problem.video)).rename(masks / place / str(desk.problem.video))
    return masks


def submit_the_inner_zip(desk: Desk) -> Path:
    (name,) = re.findall(r"submit (\S+) itself", desk.problem.fix)
    return desk.unpack("unpacked") / str(name)


def keep_one_file_for_each_mask(desk: Desk) -> Path:
    masks = desk.unpack("masks")
    for pair in re.findall(r"(\S+) and (\S+?)[,.]?(?=\s|$)", desk.problem.message.partition(": ")[2]):
        for name in pair:
            if name not in good_files():
                (masks / name).unlink()
    return masks


def leave_out(desk: Desk) -> Path:
    """Leaves out what is not asked for, and nothing else."""
    assert re.search(r"leave|zip the masks only", desk.problem.fix), desk.problem.fix
    return write_zip(desk.folder / "less.zip", good_files())


def save_again(desk: Desk) -> Path:
    assert "PIL.Image.fromarray(ids.astype(numpy.uint8)).save(path)" in desk.problem.fix
    return desk.masks


def copy_the_files(desk: Desk) -> Path:
    """The masks that the tracker's folder has links to are copied."""
    first = desk.masks / VIDEO / "00000006.png"
    first.rename(desk.folder / "kept.png")
    first.symlink_to(desk.folder / "kept.png")
    (command,) = COMMAND.findall(desk.problem.fix)
    desk.run(command)
    return desk.folder / "submission"


FIXES: Final[dict[str, Fix]] = {
    "a-tar-gz": run_the_commands,
    "an-empty-file": run_the_commands,
    "a-text-file": run_the_commands,
    "encrypted": run_the_commands,
    "bzip2-members": run_the_commands,
    "a-split-zip": zip_again,
    "an-upload-that-broke-off": zip_again,
    "a-damaged-directory": zip_again,
    "a-wrong-member-count": zip_again,
    "a-name-that-is-not-utf8": zip_again,
    "damaged-members": zip_again,
    "overlapping-members": run_the_commands,
    "absolute-paths": run_the_commands,
    "paths-that-climb": run_the_commands,
    "backslashes": run_the_commands,
    "a-folder-unpacked-from-backslashes": run_the_commands,
    "links-in-a-zip": run_the_commands,
    "a-nul-in-a-name": run_the_commands,
    "a-long-path": run_the_commands,
    "links-in-a-folder": copy_the_files,
    "the-same-path-twice": run_the_commands,
    "paths-that-are-one-when-unpacked": run_the_commands,
    "a-zip-in-the-comment": zip_again,
    "names-in-other-capitals": keep_one_file_for_each_mask,
    "zeros-in-one-member": leave_out,
    "a-member-that-unpacks-to-more-than-it-says": zip_again,
    "a-dense-member": save_again,
    "ten-million-members": leave_out,
    "no-videos-at-all": run_the_commands,
    "an-empty-folder": run_the_commands,
    "a-zip-in-a-zip": submit_the_inner_zip,
    "three-folders-too-many": zip_the_buried_folder,
    "ids-in-other-capitals": rename_folders,
    "a-missing-video": write_again,
    "a-video-in-other-capitals": rename_folders,
    "a-video-elsewhere": put_side_by_side,
    "one-missing-frame": write_again,
    "missing-frames": write_again,
    "jpegs": write_again,
    "numbered-from-0": rename_masks,
    "numbered-from-1": rename_masks,
    "frames-off-by-one": rename_masks,
    "five-digits": rename_masks,
    "five-digits-and-one-missing": write_again,
    "five-digits-and-one-too-many": rename_masks,
    "numbered-from-0-and-one-missing": write_again,
    "every-frame-from-0": rename_masks,
    "every-frame-from-0-in-eight-digits": leave_out,
    "a-prefix": rename_masks,
    "one-file-under-another-name": rename_masks,
    "a-folder-for-each-object": unpack_and_run,
    "a-suffix-for-each-object": unpack_and_run,
    "folders-of-objects-that-are-not-ids": write_again,
    "more-than-asked-for": leave_out,
    "a-terminal-escape-in-a-name": leave_out,
}
"""How each fix is followed, by the name of the submission that earns it."""

BY_CHOICE: Final = {"two-sets", "a-video-in-two-folders"}
"""Several fixes are printed, of which a person chooses one."""

OF_VALUES: Final = {
    *("a-background-of-1", "ids-times-50", "ids-times-128"),
    *("optimised-palettes", "probabilities", "white-for-several-objects"),
}
"""Their code may be that of folders too, but their fixes are about pixels: `test_mending_masks.py` follows them."""

WITHOUT: Final = {"zeros-in-many-members": "a flood of a hundred megabytes, refused as a single dense member is"}


def faulty(case: str, folder: Path) -> Desk:
    """A submission with a fault, and the first thing that is said of it."""
    reference = write_reference(folder / "ref")
    (folder / "submitted").mkdir()
    submission = BUILDERS[case](folder / "submitted")
    write_folder(folder / "desk" / "masks", good_files())
    (first, *_) = [problem for problem in check(submission, reference).problems if problem.code in CODES]
    return Desk(folder / "desk", submission, first)


def overall(submission: Path, reference: Path) -> float:
    """The score of a submission that must be valid."""
    report = score(submission, reference).report
    assert report.scores is not None, report.problems
    return report.scores.values["Overall"]


@pytest.mark.slow
@pytest.mark.parametrize("case", FIXES)
def test_following_the_fix_ends_with_the_unharmed_scores(case: str, tmp_path: Path) -> None:
    desk = faulty(case, tmp_path)
    fixed = FIXES[case](desk)
    assert overall(fixed, tmp_path / "ref") == overall(write_zip(tmp_path / "good.zip", good_files()), tmp_path / "ref")


@pytest.mark.parametrize("case", sorted(BY_CHOICE))
@pytest.mark.parametrize("kept", [0, 1])
def test_of_two_sets_the_one_that_is_chosen_is_scored(case: str, kept: int, tmp_path: Path) -> None:
    desk = faulty(case, tmp_path)
    desk.unpack("masks")
    choice = desk.problem.fix.split("; ")[kept]
    for folder in re.findall(r"delete (masks/\w+) and run", choice):
        shutil.rmtree(desk.folder / folder)
    (command,) = COMMAND.findall(choice)
    desk.run(command)
    report = check(desk.folder / "submission.zip", tmp_path / "ref")
    if case == "two-sets" or kept == 0:
        assert report.problems == ()
    else:
        assert [problem.code for problem in report.problems] == ["missing-video"]


def test_every_fault_of_names_and_zips_has_its_fix_followed() -> None:
    texts = Path(__file__).parents[1] / "data" / "problems"
    earned = {
        path.stem
        for path in texts.iterdir()
        if {line.split()[1].rstrip(":") for line in path.read_text(encoding="utf-8").splitlines()} & CODES
    }
    assert earned - OF_VALUES == set(FIXES) | BY_CHOICE | set(WITHOUT)


def test_a_folder_that_cannot_be_read_is_made_readable(tmp_path: Path) -> None:
    """The command is that of the text, which `test_submission.py` asks for: root can read every folder."""
    folder = write_folder(tmp_path / "submission", good_files())
    (folder / VIDEO).chmod(0o300)
    subprocess.run(shlex.split("chmod -R a+rX submission"), cwd=tmp_path, check=True, timeout=60)
    assert (folder / VIDEO).stat().st_mode & 0o555 == 0o555
    assert check(folder, write_reference(tmp_path / "ref", masks="none")).problems == ()


# the same on masks with everything that masks can have


def overall_of_good() -> float:
    official: float = goldens.expected("semi-supervised", "good")["global"]["J&F-Mean"]
    return official


GOOD: Final = {
    path.relative_to(goldens.prediction("good")).as_posix(): path.read_bytes()
    for path in sorted(goldens.prediction("good").rglob("*.png"))
}


def video_and_frame(name: str) -> tuple[str, int]:
    video, _, mask = name.partition("/")
    return video, int(mask.removesuffix(".png"))


def first_frame(video: str) -> int:
    return min(frame for other, frame in map(video_and_frame, GOOD) if other == video)


def shifted(name: str, offset: int, form: str) -> str:
    video, frame = video_and_frame(name)
    return f"{video}/{frame + offset:{form}}.png"


def every_frame(from_0: bool) -> dict[str, bytes]:
    """Every frame of the 30 fps video, each five showing the same mask."""
    files = {}
    for name, content in GOOD.items():
        video, frame = video_and_frame(name)
        start = first_frame(video) if from_0 else 0
        last = max(other for one, other in map(video_and_frame, GOOD) if one == video)
        for between in range(frame, min(frame + 5, last + 1)):
            files[f"{video}/{between - start:05d}.png"] = content
    return files


@pytest.mark.parametrize(
    "files",
    [
        {shifted(name, -1, "08d"): content for name, content in GOOD.items()},
        {shifted(name, 0, "05d"): content for name, content in GOOD.items()}
        | {"aPlain01/00071.png": b"", "hFour008/00091.png": b""},
        pytest.param(every_frame(True), marks=pytest.mark.slow),
        pytest.param(every_frame(False), marks=pytest.mark.slow),
    ],
    ids=["from 0 in steps of 5", "one too many", "every frame from 0", "every frame"],
)
def test_names_of_the_goldens_are_put_right(files: dict[str, bytes], tmp_path: Path) -> None:
    submission = write_folder(tmp_path / "submission", files)
    while named := [found for found in check(submission, goldens.REFERENCE).problems if found.code == "misnamed-frames"]:
        desk = Desk(tmp_path / "desk", submission, named[0])
        desk.folder.mkdir(exist_ok=True)
        submission = rename_masks(desk).rename(tmp_path / f"fixed{len(list(tmp_path.iterdir()))}")
    assert overall(submission, goldens.REFERENCE) == overall_of_good()


def test_the_sets_of_the_goldens_are_not_chosen_between(tmp_path: Path) -> None:
    old = {
        path.relative_to(goldens.prediction("poor")).as_posix(): path.read_bytes()
        for path in sorted(goldens.prediction("poor").rglob("*.png"))
    }
    archive = write_zip(tmp_path / "s.zip", old | {f"results/{name}": content for name, content in GOOD.items()})
    (problem,) = check(archive, goldens.REFERENCE).problems
    assert problem.code == "two-sets"
    desk = Desk(tmp_path, archive, problem)
    desk.unpack("masks")
    desk.run(COMMAND.findall(problem.fix)[1])
    assert overall(tmp_path / "submission.zip", goldens.REFERENCE) == overall_of_good()


def by_object(folder: str, value: int) -> dict[str, bytes]:
    """A mask for each object and frame, in a folder made of the video and the id."""
    files = {}
    for name, content in GOOD.items():
        video, frame = video_and_frame(name)
        with PIL.Image.open(io.BytesIO(content)) as image:
            labels = np.asarray(image)
        for object_id in IDS[video]:
            files[f"{folder.format(video=video, id=object_id)}/{frame:08d}.png"] = png((labels == object_id) * np.uint8(value))
    return files


IDS: Final = {video.name: video.ids for video in load_manifest(goldens.REFERENCE).videos}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "value"),
    [
        ("{video}/{id:03d}", 255),
        pytest.param("{video}_{id}", 1, marks=pytest.mark.slow),
        pytest.param("run/{video}/{id}", 1, marks=pytest.mark.slow),
    ],
)
def test_objects_of_the_goldens_are_put_into_one_mask(folder: str, value: int, tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "s.zip", by_object(folder, value))
    (problem,) = check(archive, goldens.REFERENCE).problems
    assert problem.code == "ids-encoded"
    assert overall(unpack_and_run(Desk(tmp_path, archive, problem)), goldens.REFERENCE) == overall_of_good()


def test_backslashes_of_the_goldens_are_put_right(tmp_path: Path) -> None:
    """As PowerShell 5 writes them, folders included."""
    names = {f"{video}\\": b"" for video in IDS} | {name.replace("/", "\\"): content for name, content in GOOD.items()}
    archive = write_zip(tmp_path / "s.zip", names)
    desk = Desk(tmp_path, archive, check(archive, goldens.REFERENCE).problems[0])
    unpacked = check(desk.unpack("unpacked"), goldens.REFERENCE).problems
    assert [problem.fix for problem in unpacked[:1]] == [desk.problem.fix]
    assert {problem.code for problem in unpacked} == {"archive-unsafe-path", "extra-frame"}
    write_folder(desk.masks, GOOD)
    assert overall(run_the_commands(desk), goldens.REFERENCE) == overall_of_good()
