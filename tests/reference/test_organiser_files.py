"""What an organiser's files say is taken as a person means it, or refused with a fix that works, alike in every command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lvos_eval.cli.main import main
from lvos_eval.formats.text_files import read_json
from tiny_reference import mask, metadata, write_metadata, write_reference

pytestmark = pytest.mark.slow

COMMANDS = ("check-reference", "score", "rescore", "check")
Edit = Callable[[Path], Any]


class Desk:
    """A reference, a submission to it, and the commands that read both."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.reference = write_reference(folder / "ref")
        self.submission = folder / "masks"
        shutil.copytree(self.reference / "Annotations", self.submission)
        (self.submission / "unseen33" / "00000006.png").write_bytes((self.submission / "unseen33" / "00000011.png").read_bytes())
        self._capsys = capsys
        self._runs = 0

    def run(self, command: str, reference: Path | None = None) -> tuple[int, str]:
        """The exit code, and everything that is printed."""
        reference = reference or self.reference
        self._runs += 1
        output = self.folder / f"out{self._runs}"
        stored = self.folder / "stored"
        stored.mkdir(exist_ok=True)
        if not (stored / "team").exists():
            shutil.copytree(self.submission, stored / "team")
        arguments: dict[str, list[Any]] = {
            "check-reference": [reference],
            "check": [self.submission, "--reference", reference],
            "score": [self.submission, "--reference", reference, "--output", output],
            "rescore": [stored, "--reference", reference, "--output", output],
        }
        self._capsys.readouterr()
        code = main([command, *map(str, arguments[command]), "--jobs", "1", "--quiet"])
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err

    def result(self, reference: Path | None = None) -> tuple[dict[str, float], str]:
        """Scores and signature."""
        code, printed = self.run("score", reference)
        assert code == 0, printed
        details = json.loads((self.folder / f"out{self._runs}" / "scoring_details.json").read_text())
        return details["scores"], details["signature"]

    def refused(self, message: str, *, commands: tuple[str, ...] = COMMANDS, reference: Path | None = None) -> str:
        """The fix, the same in every command, and that every one of them ends with exit code 3 and one error."""
        fixes = set()
        for command in commands:
            code, printed = self.run(command, reference)
            assert code == 3, (command, printed)
            (line,) = [line for line in printed.splitlines() if line.startswith("error ")]
            assert message in line, (command, line)
            (below,) = [line for line in printed.splitlines() if line.startswith("  Fix: ")]
            fixes.add(below.removeprefix("  Fix: "))
        (fix,) = fixes
        return fix

    def settings(self, text: str) -> None:
        (self.reference / "scoring.yaml").write_text(text)

    def excluding(self, text: str) -> tuple[dict[str, float], str]:
        self.settings(f"exclude:\n  unseen33: {text}\n")
        return self.result()


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def shell(command: str) -> None:
    subprocess.run(command, shell=True, check=True, capture_output=True)


def test_frames_are_decimal_however_many_zeros_they_have(desk: Desk) -> None:
    assert desk.excluding("[00000011]") == desk.excluding("[11]") == desk.excluding('["00000011"]') == desk.excluding("00000011")
    assert desk.excluding("[00000011]") != desk.excluding("[00000006]")


def test_a_run_excludes_every_annotated_frame_in_it_wherever_it_begins(desk: Desk) -> None:
    assert desk.excluding("[4-8]") == desk.excluding("[6]") == desk.excluding("[00000006-00000006]") == desk.excluding("[2 - 10]")


def test_excluded_frames_are_in_the_signature_as_they_are_applied(desk: Desk) -> None:
    assert "|excluded:none|unseen:1-" in desk.result()[1]
    assert "|excluded:1-" in desk.excluding("[4-8]")[1]


def test_a_video_twice_under_exclude_is_refused_and_one_line_has_both(desk: Desk) -> None:
    wanted = desk.excluding("[6, 16]")
    desk.settings("exclude:\n  unseen33: [6]\n  seenOne1: [16]\n  unseen33: [16]\n")
    message = "scoring.yaml gives `unseen33` twice, in lines 2 and 4; only the last one would count"
    assert desk.refused(message) == "put everything of `unseen33` into one of them, and delete the other"
    desk.settings("exclude:\n  unseen33: [6, 16]\n")
    assert desk.result() == wanted


def test_a_reversed_run_is_refused_and_the_run_in_the_fix_works(desk: Desk) -> None:
    wanted = desk.excluding("[6]")
    desk.settings("exclude: {unseen33: [8-4]}")
    fix = desk.refused("scoring.yaml: `exclude` of unseen33 has 8-4, which ends before it starts")
    assert fix == "write 4-8"
    assert desk.excluding(f"[{fix.removeprefix('write ')}]") == wanted


@pytest.mark.parametrize("written", ["[7]", "[7-10]", "[00000007-00000010]"])
def test_a_run_without_an_annotated_frame_is_refused_and_says_which_are_near(desk: Desk, written: str) -> None:
    desk.settings(f"exclude: {{unseen33: {written}}}")
    fix = desk.refused("where no object is annotated")
    assert fix == "correct or delete it; the nearest annotated frames are 6 and 11"
    assert desk.excluding("[6]") != desk.excluding("[11]")


def test_a_video_twice_in_the_metadata_is_refused_and_one_of_them_scores(desk: Desk) -> None:
    wanted = desk.result()
    path = desk.reference / "test_meta.json"
    right = path.read_text()
    other = json.dumps(metadata()["videos"]["seenTwo2"]).replace('"21"', '"16"').replace('"4"', '"3"')
    path.write_text(right.replace('"seenOne1"', f'"seenTwo2": {other}, "seenOne1"', 1))
    assert (
        desk.refused("test_meta.json gives `videos.seenTwo2` twice; only the last one would count") == "keep the right one only"
    )
    path.write_text(right)
    assert desk.result() == wanted


def test_settings_under_another_name_are_refused_and_the_printed_command_renames_them(desk: Desk) -> None:
    wanted = desk.excluding("[6]")
    (desk.reference / "scoring.yaml").rename(desk.reference / "scoring.yml")
    fix = desk.refused("scoring.yml is not read: the settings are in scoring.yaml")
    shell(fix.removeprefix("rename it: "))
    assert desk.result() == wanted


def test_settings_under_two_names_are_refused_and_the_printed_command_removes_one(desk: Desk) -> None:
    wanted = desk.excluding("[6]")
    (desk.reference / "scoring.yml").write_text("protocol: lvos-v1\n")
    fix = desk.refused("scoring.yml is not read: the settings are in scoring.yaml")
    shell(fix.removeprefix("move what is right in it to scoring.yaml, then delete it: "))
    assert desk.result() == wanted


def test_byte_order_marks_and_windows_line_ends_change_nothing(desk: Desk) -> None:
    wanted = desk.excluding("[6]")
    for name in ("scoring.yaml", "test_meta.json", "unseen_videos.txt"):
        path = desk.reference / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert desk.result() == wanted
    assert [desk.run(command)[0] for command in COMMANDS] == [0, 0, 0, 0]


@pytest.mark.parametrize("name", ["scoring.yaml", "test_meta.json", "unseen_videos.txt"])
def test_a_file_from_an_editor_that_writes_utf16_is_refused_and_saving_it_as_utf8_helps(desk: Desk, name: str) -> None:
    wanted = desk.excluding("[6]")
    path = desk.reference / name
    text = path.read_text()
    path.write_text(text, encoding="utf-16")
    assert desk.refused(f"{name} is not UTF-8 text but UTF-16").startswith("save it as UTF-8 text")
    path.write_text(text, encoding="utf-8")
    assert desk.result() == wanted


def test_litter_beside_every_file_is_never_data_and_no_false_alarm(desk: Desk) -> None:
    content = metadata()
    for video in content["videos"].values():
        video["attributes"] = ["OCC"]
    (desk.reference / "test_meta_attribute.json").write_text(json.dumps(content))
    wanted = desk.result()
    outcomes = [(desk.run(command)[0], desk.run(command)[1].count("\nwarning ")) for command in COMMANDS]
    for path in list(desk.reference.rglob("*")):
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(30) + b"\xff\xfe")
    for folder in (desk.reference, desk.reference / "Annotations", desk.reference / "Annotations" / "seenOne1"):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
            (folder / name).write_bytes(b"\0\1")
        (folder / "@eaDir").mkdir()
        (folder / ".ipynb_checkpoints").mkdir()
    assert desk.result() == wanted
    assert [(desk.run(command)[0], desk.run(command)[1].count("\nwarning ")) for command in COMMANDS] == outcomes
    assert outcomes[0][0] == 0


@pytest.mark.parametrize(
    "line", ["unseen33,", '"unseen33"', "'unseen33'", "unseen33 seenTwo2", "unseen33;", "# unseen", "Unseen videos:"]
)
def test_a_list_with_more_than_ids_is_refused_with_its_line_and_ids_alone_work(desk: Desk, line: str) -> None:
    wanted = desk.result()
    path = desk.reference / "unseen_videos.txt"
    path.write_bytes(f"\ufeffunseen33\r\n\r\n{line}\r\n".encode())
    message = f"unseen_videos.txt holds more than video ids: line 3 is `{line}`"
    assert desk.refused(message).startswith(
        "write one video id per line and nothing else: no commas, quotes, comments or headings"
    )
    path.write_bytes(b"\xef\xbb\xbfunseen33\r\n\r\n  unseen33 \r\n")
    assert desk.result() == wanted


def test_a_list_of_more_videos_than_the_metadata_has_is_fine_in_every_command(desk: Desk) -> None:
    wanted = desk.result()
    with (desk.reference / "unseen_videos.txt").open("a") as file:
        file.write("".join(f"another{number}\n" for number in range(50)))
    assert desk.result() == wanted
    for command in COMMANDS:
        code, printed = desk.run(command)
        assert (code, "another" in printed) == (0, False), command


def test_a_list_in_other_capitals_is_refused_and_the_ids_of_the_fix_work(desk: Desk) -> None:
    wanted = desk.result()
    (desk.reference / "unseen_videos.txt").write_text("unseen33\nSEENTWO2\n")
    fix = desk.refused("unseen_videos.txt writes SEENTWO2 for seenTwo2: capital and small letters differ")
    assert fix == "write the ids in unseen_videos.txt as test_meta.json does: seenTwo2"
    (desk.reference / "unseen_videos.txt").write_text(f"unseen33\n{fix.partition(' does: ')[2]}\n")
    both = desk.result()
    (desk.reference / "unseen_videos.txt").write_text("unseen33\nseenTwo2\n")
    assert desk.result() == both != wanted


def test_a_list_under_another_name_is_refused_and_the_printed_command_renames_it(desk: Desk) -> None:
    wanted = desk.result()
    (desk.reference / "unseen_videos.txt").rename(desk.reference / "unseen_videos.csv")
    fix = desk.refused("unseen_videos.csv is not read: the list is called unseen_videos.txt")
    shell(fix.removeprefix("rename it: "))
    assert desk.result() == wanted


def test_without_a_list_both_ways_out_of_the_message_work(desk: Desk) -> None:
    wanted = desk.result()
    (desk.reference / "unseen_videos.txt").unlink()
    message = "there is no unseen_videos.txt, and the published list (LVOS V2) names no video of test_meta.json"
    assert desk.refused(message, commands=("check-reference", "score", "rescore")) == (
        "add unseen_videos.txt with the unseen videos, one id per line; if none is unseen, write `unseen: none` in scoring.yaml"
    )
    (desk.reference / "unseen_videos.txt").write_text("unseen33\n")
    assert desk.result() == wanted
    (desk.reference / "unseen_videos.txt").unlink()
    desk.settings("unseen: none\n")
    scores, signature = desk.result()
    assert list(scores) == ["Overall", "J-Mean", "J-seen-Mean", "F-Mean", "F-seen-Mean", "V-Mean", "V-seen-Mean"]
    assert "|unseen:none|" in signature
    assert "note: every video counts as seen: scoring.yaml says `unseen: none`" in desk.run("score")[1]
    assert [desk.run(command)[0] for command in COMMANDS] == [0, 0, 0, 0]


def test_a_participant_who_checks_needs_no_list(desk: Desk) -> None:
    (desk.reference / "unseen_videos.txt").unlink()
    code, printed = desk.run("check", desk.reference / "test_meta.json")
    assert (code, "unseen_videos.txt" in printed) == (0, False)


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_an_empty_list_is_refused_until_unseen_none_says_that_it_is_meant(desk: Desk, content: str) -> None:
    (desk.reference / "unseen_videos.txt").write_text(content, encoding="utf-8")
    assert "write `unseen: none` in scoring.yaml" in desk.refused(
        "unseen_videos.txt is empty", commands=("check-reference", "score", "rescore")
    )
    desk.settings("unseen: none\n")
    assert [desk.run(command)[0] for command in COMMANDS] == [0, 0, 0, 0]


def test_unseen_none_beside_a_list_is_refused_and_either_may_go(desk: Desk) -> None:
    wanted = desk.result()
    desk.settings("unseen: none\n")
    fix = desk.refused("scoring.yaml says `unseen: none`, but unseen_videos.txt names 1 videos")
    assert fix == "delete `unseen: none` or unseen_videos.txt"
    desk.settings("")
    assert desk.result() == wanted


def test_a_reference_one_folder_down_is_found_and_the_printed_ways_work(desk: Desk) -> None:
    wanted = desk.result()
    outer = desk.folder / "my data"
    outer.mkdir()
    (desk.reference).rename(outer / "lvos test")
    fix = desk.refused(
        f"the reference data is one folder down: test_meta.json is in {outer}/lvos test, not in {outer}", reference=outer
    )
    match = re.fullmatch(r'give "(.+)" as the reference; a zip for a platform has to hold test_meta.json at its top: (.+)', fix)
    assert match is not None
    assert desk.result(Path(match[1])) == wanted
    shell(match[2])
    shutil.unpack_archive(outer / "reference.zip", desk.folder / "unpacked")
    assert desk.result(desk.folder / "unpacked") == wanted


@pytest.mark.parametrize("inside", [False, True])
def test_a_reference_in_a_zip_is_named_and_the_printed_command_unpacks_it(desk: Desk, inside: bool) -> None:
    wanted = desk.result()
    outer = desk.folder / "packed"
    outer.mkdir()
    archive = Path(shutil.make_archive(str(outer / "lvos"), "zip", desk.reference))
    fix = desk.refused(f"the reference data is still packed: {archive} is a zip", reference=outer if inside else archive)
    match = re.fullmatch(r"unpack it and give the folder (\S+) as the reference: (.+)", fix)
    assert match is not None
    shell(match[2])
    assert desk.result(Path(match[1])) == wanted


def test_a_folder_inside_the_reference_is_said_to_be_one(desk: Desk) -> None:
    wanted = desk.result()
    inner = desk.reference / "Annotations"
    fix = desk.refused(f"the reference data is one folder up from {inner}", reference=inner)
    assert desk.result(Path(fix.removeprefix("give ").removesuffix(" as the reference"))) == wanted


def test_several_data_sets_in_a_folder_are_named(desk: Desk) -> None:
    outer = desk.folder / "sets"
    shutil.copytree(desk.reference, outer / "valid")
    shutil.copytree(desk.reference, outer / "test")
    assert desk.refused(f"{outer} holds several data sets: test, valid", reference=outer) == "give one of these folders"


def test_objects_in_a_list_are_one_problem_and_by_id_they_are_right(desk: Desk) -> None:
    wanted = desk.result()
    content = metadata()
    for video in content["videos"].values():
        video["objects"] = [{"id": object_id} | entry for object_id, entry in video["objects"].items()]
    write_metadata(desk.reference, content)
    fix = desk.refused("test_meta.json: `objects` is a list in 3 videos: seenOne1, seenTwo2, unseen33")
    assert fix == 'write the objects by id: {"objects": {"1": {"frame_range": {...}}, "2": {"frame_range": {...}}}}'
    for video in content["videos"].values():
        video["objects"] = {entry["id"]: {"frame_range": entry["frame_range"]} for entry in video["objects"]}
    write_metadata(desk.reference, content)
    assert desk.result() == wanted


def test_videos_in_a_list_are_said_to_be_one(desk: Desk) -> None:
    content = [{"id": name} | video for name, video in metadata()["videos"].items()]
    write_metadata(desk.reference, {"videos": content})
    assert desk.refused("test_meta.json has its videos in a list") == 'write them by id: {"videos": {id: {"objects": {...}}}}'


def test_inclusive_ends_are_said_in_every_command_and_five_more_gives_the_right_scores(desk: Desk) -> None:
    wanted = desk.result()
    content = metadata()
    ranges = [item["frame_range"] for video in content["videos"].values() for item in video["objects"].values()]
    for frame_range in ranges:
        frame_range["end"] = "16"
    write_metadata(desk.reference, content)
    said = "test_meta.json: `end` is inclusive in all 5 objects (frame_nums counts the frame at `end`), but in LVOS `end` is "
    said += "exclusive"
    assert desk.refused(said, commands=("check-reference",)) == "add 5 to every `end`"
    assert "warning" not in desk.run("check-reference")[1].replace("0 warnings", "")
    for command in ("score", "check"):
        code, printed = desk.run(command)
        assert code == 0
        assert f"note: {said}; the frame at `end` is not scored. Fix: add 5 to every `end`" in printed
    desk.run("rescore")
    (board,) = desk.folder.rglob("leaderboard.json")
    assert any(said in note for note in json.loads(board.read_text())["notes"])
    for frame_range in ranges:
        frame_range["end"] = str(int(frame_range["end"]) + 5)
    write_metadata(desk.reference, content)
    assert desk.result() == wanted


def test_one_object_with_a_frame_too_many_is_not_called_inclusive_and_both_readings_are_offered(desk: Desk) -> None:
    wanted = desk.result()
    content = metadata()
    frame_range = content["videos"]["seenOne1"]["objects"]["2"]["frame_range"]
    frame_range["end"] = "16"
    write_metadata(desk.reference, content)
    message = "object 2: frame_nums is 4 but the range has 3 frames"
    fix = desk.refused(message, commands=("check-reference",))
    assert fix == "set frame_nums to 3, or `end` to 21 if frame 16 belongs to it"
    frame_range["end"] = "21"
    write_metadata(desk.reference, content)
    assert desk.result() == wanted


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("end", 10**30),
        ("start", 10**9),
        ("frame_nums", 10**8),
        ("end", 99_999_996),
        ("end", 21.0),
        ("end", "1_0"),
        ("end", "1e1"),
    ],
)
def test_numbers_that_no_frame_can_have_are_refused_before_they_fill_the_memory(desk: Desk, key: str, value: Any) -> None:
    content = metadata()
    content["videos"]["seenOne1"]["objects"]["2"]["frame_range"][key] = value
    write_metadata(desk.reference, content)
    desk.settings("exclude: {seenOne1: [6]}")
    assert desk.refused("object 2 has the frame_range {") == "give start, end and frame_nums as whole numbers"


def test_a_litter_mask_is_not_taken_for_the_first_one_of_a_video(desk: Desk) -> None:
    for video in metadata()["videos"]:
        (desk.reference / "Annotations" / video / "._00000001.png").write_bytes(b"\0\5\x16\7")
        (desk.reference / "Annotations" / video / "00000000 copy.png").write_bytes(b"\0")
        mask(desk.submission.parent / "other", video, 1)
    code, printed = desk.run("check")
    assert (code, "were not checked" in printed) == (0, False)


def test_a_metadata_file_can_be_given_alone(desk: Desk) -> None:
    assert desk.result(desk.reference / "test_meta.json") == desk.result()
    assert read_json(desk.reference / "test_meta.json") == metadata()
