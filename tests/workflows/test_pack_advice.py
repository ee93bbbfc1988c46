"""The command of `pack` in the fix of a problem: copied and run as it stands, it ends with the scores of the unharmed masks."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lvos_eval
from encoded import LOST, UNDONE, each
from faulty_submissions import BUILDERS
from goldens import GOLDENS, REFERENCE
from lvos_eval.cli.main import main, platform_main
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.submission.archive_checks import SIZE_LIMIT
from pack_cases import CHOSEN, FEW, REFUSED, UNDONE_NAMES
from packing import good_scores, labels_in, scores
from printed_fixes import masks_of
from submissions import good_files, labels, png, write_folder, write_reference, write_zip
from unpacking import unpack

COMMAND = "lvos-eval pack "


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which somebody types, with the small reference."""
    monkeypatch.chdir(tmp_path)
    write_reference(tmp_path / "ref")
    (tmp_path / "in").mkdir()
    return tmp_path


def checked(masks: str, reference: str, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    """The problems that `lvos-eval check` prints."""
    main(["check", masks, "--reference", reference, "--json", "--jobs", "1", *options])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["problems"]
    return found


def alternatives(fix: str) -> list[list[str]]:
    """The choices that a fix leaves, each as the options of which one is right."""
    return [re.split(r", | or ", found) for found in re.findall(r", with (--.*?), whichever is right", fix)]


def follow(fix: str, *choices: str) -> Path:
    """Runs the command at the end of a fix as it is printed, with choices after it; the zip that it writes."""
    command = f"{COMMAND}{fix.split(COMMAND)[1]} {' '.join(choices)}"
    words = shlex.split(command)[1:]
    output = Path(words[words.index("--output") + 1])
    output.unlink(missing_ok=True)
    assert main([*words, "--jobs", "1", "--quiet"]) == 0
    return output


def errors(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [problem for problem in problems if problem["severity"] == Severity.ERROR]


@pytest.mark.parametrize("case", [case if case in FEW else pytest.param(case, marks=pytest.mark.slow) for case in UNDONE])
def test_the_printed_command_undoes_an_encoding(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "my masks", UNDONE[case][1](masks_of("good")))
    fixes = {problem["fix"] for problem in errors(checked("my masks", str(REFERENCE), capsys))}
    assert fixes
    for fix in fixes:
        for option in alternatives(fix)[0] if alternatives(fix) else [""]:
            packed = follow(fix, option)
            # that square masks were transposed too, only who knows can say
            assert option.endswith("all") or scores(packed) == good_scores()


@pytest.mark.parametrize("case", LOST)
def test_no_command_is_printed_where_ids_are_lost(case: str, tmp_path: Path) -> None:
    masks = write_folder(tmp_path / "masks", LOST[case][1](masks_of("good")))
    problems = lvos_eval.check(masks, REFERENCE).problems
    assert not any(COMMAND in problem.fix for problem in problems)


@pytest.mark.parametrize("case", UNDONE_NAMES)
def test_the_printed_command_undoes_one_fault(case: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = BUILDERS[case](desk / "in").relative_to(desk)
    problems = checked(str(masks), "ref", capsys)
    if case in {"more-than-asked-for", "a-terminal-escape-in-a-name"}:
        # valid without it
        assert not any(COMMAND in problem["fix"] for problem in problems)
        return
    assert errors(problems)
    good = scores(write_zip(desk / "good.zip", good_files()), desk / "ref")
    for fix in {problem["fix"] for problem in errors(problems)}:
        assert scores(follow(fix), desk / "ref") == good
        assert "numpy" not in fix


@pytest.mark.parametrize("case", CHOSEN)
def test_the_printed_command_asks_for_the_choices_that_are_left(
    case: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    masks = BUILDERS[case](desk / "in").relative_to(desk)
    problems = [problem for problem in checked(str(masks), "ref", capsys) if COMMAND in problem["fix"]]
    if not problems:
        # what check accepts, and pack only with a word
        assert CHOSEN[case].keep_labels
        return
    for problem in problems:
        offered = alternatives(problem["fix"])[0] if alternatives(problem["fix"]) else [""]
        right = [option for option in offered if not option or option in CHOSEN[case].given]
        assert right
        for option in right:
            assert follow(problem["fix"], option).is_file()


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_no_command_is_printed_for_what_pack_refuses(case: str, desk: Path) -> None:
    problems = lvos_eval.check(BUILDERS[case](desk / "in"), "ref").problems
    assert problems
    assert not any(COMMAND in problem.fix for problem in problems)


def test_one_command_is_for_everything_that_is_wrong(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another size, a frame without a mask, and 255 for most of a mask: three problems, one choice."""
    files = {}
    for name in good_files():
        array = labels(name[:8], int(name[9:17]))
        if name.startswith("bVideo02/"):
            array = np.where(array > 0, np.uint8(0), np.uint8(255))
        if name.startswith("aVideo01/"):
            array = array.repeat(2, 0).repeat(2, 1)
        files[name] = png(array)
    del files["cVideo03/00000026.png"]
    write_folder(desk / "masks", files)
    problems = errors(checked("masks", "ref", capsys))
    assert {problem["code"] for problem in problems} == {"wrong-size", "missing-frame", "palette-lost"}
    (fix,) = {problem["fix"] for problem in problems}
    assert fix == (
        "--fill-missing adds EMPTY masks, in which every object is missed: if you can, add the real ones. "
        "--resize stretches masks by the nearest pixel: undo a crop or padding before, and if you can, save at the right size. "
        "Run, with --white object or --white background, whichever is right: "
        "lvos-eval pack masks --reference ref --output submission.zip --fill-missing --resize"
    )
    packed = labels_in(follow(fix, "--white background"))
    assert np.array_equal(packed["bVideo02/00000006.png"], labels("bVideo02", 6))
    assert np.array_equal(packed["aVideo01/00000006.png"], labels("aVideo01", 6))
    assert not packed["cVideo03/00000026.png"].any()


def test_with_a_fault_that_nobody_undoes_the_others_are_told_as_ever(desk: Path) -> None:
    files = good_files() | {"cVideo03/00000026.png": b"no image"}
    files |= {name: png(labels("bVideo02", int(name[9:17])).astype(np.uint16)) for name in files if name.startswith("bVideo02/")}
    problems = lvos_eval.check(write_folder(desk / "masks", files), "ref").problems
    assert {problem.code for problem in problems} == {"unreadable-mask", "not-indexed"}
    assert not any(COMMAND in problem.fix for problem in problems)


def test_empty_masks_of_unknown_size_are_not_offered(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref", masks="none", image_size=False)
    (tmp_path / "in").mkdir()
    problems = lvos_eval.check(BUILDERS["missing-frames"](tmp_path / "in"), reference).problems
    assert {problem.code for problem in problems} == {"missing-frame"}
    assert not any(COMMAND in problem.fix for problem in problems)


@pytest.mark.parametrize("name", ["submission.zip", "a b.zip", "it's $5.zip", "-x.zip"])
def test_names_are_quoted_and_what_is_packed_is_kept(name: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_zip(desk / name, {name: png(labels(name[:8], int(name[9:17])).astype(np.uint16)) for name in good_files()})
    before = (desk / name).read_bytes()
    fixes = {problem["fix"] for problem in checked(f"./{name}", "ref", capsys)}
    (fix,) = fixes
    packed = follow(fix)
    assert packed.name == ("packed.zip" if name == "submission.zip" else "submission.zip")
    assert (desk / name).read_bytes() == before
    assert lvos_eval.check(packed, "ref").valid


def test_the_options_of_the_check_are_those_of_the_command(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_folder(desk / "masks", {name: png(labels(name[:8], int(name[9:17])).astype(np.uint16)) for name in good_files()})
    (fix,) = {p["fix"] for p in checked("masks", "ref", capsys, "--protocol", "lvos-v1", "--task", "semi-supervised", "--strict")}
    assert fix.endswith("--output submission.zip --protocol lvos-v1 --task semi-supervised --strict")
    assert len(labels_in(follow(fix))) == len(good_files())


def test_score_prints_it_too_on_the_page_as_well(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    BUILDERS["rgb-of-a-palette"](desk / "in").rename(desk / "masks.zip")
    assert main(["score", "masks.zip", "--reference", "ref", "--output", "out", "--jobs", "1", "--quiet"]) == 1
    command = "lvos-eval pack masks.zip --reference ref --output submission.zip"
    assert f"Fix: run: {command}" in capsys.readouterr().err
    assert command in (desk / "out" / "detailed_results.html").read_text()


def on_platform(desk: Path, masks: Path) -> tuple[int, list[Mapping[str, Any]]]:
    """The exit code of `evaluate.py` and the problems in its details."""
    shutil.copytree(desk / "ref", desk / "app" / "ref")
    if masks.is_dir():
        shutil.copytree(masks, desk / "app" / "res")
    else:
        (desk / "app" / "res").mkdir()
        shutil.copy(masks, desk / "app" / "res")
    code = platform_main([str(desk / "app"), str(desk / "out"), "--jobs", "1", "--quiet"])
    return code, json.loads((desk / "out" / "scoring_details.json").read_text())["problems"]


@pytest.mark.parametrize("case", ["rgb-of-a-palette", "three-folders-too-many", "a-missing-video"])
def test_on_a_platform_the_command_is_for_whoever_reads_the_page(case: str, desk: Path) -> None:
    """What is uploaded lies elsewhere there: no path of the server is in it."""
    masks = BUILDERS[case](desk / "in")
    code, problems = on_platform(desk, masks)
    assert code == 1
    assert str(desk) not in json.dumps(problems)
    fixes = {problem["fix"] for problem in problems if problem["severity"] == Severity.ERROR}
    (fix,) = fixes
    assert "lvos-eval and the metadata, which are in the starting kit, and with masks for what you uploaded, run: " in fix.lower()
    # what the participant has
    home = desk / "home"
    home.mkdir()
    masks.rename(home / "masks")
    shutil.copy(desk / "ref" / "test_meta.json", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        packed = follow(fix).resolve()
    assert lvos_eval.check(packed, "ref").valid


def test_on_a_platform_a_link_to_the_ground_truth_is_not_to_be_packed(desk: Path) -> None:
    masks = write_folder(
        desk / "masks", {name: png(labels(name[:8], int(name[9:17])).astype(np.uint16)) for name in good_files()}
    )
    (desk / "app").mkdir()
    shutil.copytree(desk / "ref", desk / "app" / "ref")
    shutil.copytree(masks, desk / "app" / "res")
    stolen = desk / "app" / "res" / "aVideo01" / "00000006.png"
    stolen.unlink()
    stolen.hardlink_to(desk / "app" / "ref" / "Annotations" / "aVideo01" / "00000006.png")
    assert platform_main([str(desk / "app"), str(desk / "out"), "--jobs", "1", "--quiet"]) == 1
    assert COMMAND not in (desk / "out" / "scoring_details.json").read_text()


def test_on_a_platform_arrays_are_not_opened(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("an array is opened")

    monkeypatch.setattr("lvos_eval.workflows.made_masks.read_array", refuse)
    monkeypatch.setattr("lvos_eval.workflows.loose_masks.array_names", refuse)
    masks = write_folder(desk / "masks", {f"{name[:-4]}.npz": b"" for name in good_files()})
    code, problems = on_platform(desk, masks)
    assert code == 1
    assert COMMAND not in json.dumps(problems)


def test_on_a_platform_a_flood_of_files_is_not_looked_at_again(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the paths are read again")

    monkeypatch.setattr("lvos_eval.workflows.pack_round.open_loose", refuse)
    masks = write_zip(desk / "flood.zip", {f"aVideo01/{number % 2:03d}/{number:08d}.png": b"" for number in range(2000)})
    code, problems = on_platform(desk, masks)
    assert code == 1
    assert COMMAND not in json.dumps(problems)


def test_arrays_are_told_how_they_become_a_submission(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in good_files():
        path = desk / "masks" / f"{name[:-4]}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, labels(name[:8], int(name[9:17])))
    (fix,) = {problem["fix"] for problem in errors(checked("masks", "ref", capsys))}
    good = scores(write_zip(desk / "good.zip", good_files()), desk / "ref")
    assert scores(follow(fix), desk / "ref") == good


def test_of_a_benchmark_without_a_server_nothing_is_packed(tmp_path: Path) -> None:
    with tarfile.open(GOLDENS.parent / "goldens_davis_2017.tar.xz") as archive:
        unpack(archive, tmp_path / "davis")
    (root,) = (tmp_path / "davis").rglob("DAVIS")
    masks = write_folder(tmp_path / "masks", good_files())
    problems = lvos_eval.check(masks, root, protocol="davis-2017").problems
    assert problems
    assert not any(COMMAND in problem.fix for problem in problems)


def test_masks_are_decoded_once_where_their_paths_are_right(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the masks are decoded again")

    monkeypatch.setattr("lvos_eval.workflows.pack_round.inspect_masks", refuse)
    (problem,) = lvos_eval.check(BUILDERS["rgb-of-a-palette"](desk / "in"), "ref").problems
    assert COMMAND in problem.fix


def test_an_upload_that_is_too_large_is_packed_smaller(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lvos_eval.submission.archive_checks.SIZE_LIMIT", 1000)
    assert SIZE_LIMIT > 1000
    masks = write_zip(desk / "masks.zip", good_files())
    (problem,) = lvos_eval.check(masks, "ref").problems
    assert isinstance(problem, Problem)
    assert (problem.code, problem.severity) == ("size-limit", Severity.WARNING)
    assert follow(problem.fix).is_file()


def test_what_is_packed_is_not_overwritten(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = write_zip(desk / "submission.zip", good_files())
    before = masks.read_bytes()
    (desk / "link.zip").symlink_to("submission.zip")
    for output in ("submission.zip", "link.zip"):
        assert main(["pack", "submission.zip", "--reference", "ref", "--output", output]) == 2
        assert "is what is packed" in capsys.readouterr().err
    assert masks.read_bytes() == before


def test_the_scores_after_a_transposition_need_the_right_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "masks", each(lambda array: png(np.ascontiguousarray(array.T)))(masks_of("good")))
    (fix,) = {problem["fix"] for problem in errors(checked("masks", str(REFERENCE), capsys))}
    assert alternatives(fix) == [["--transpose swapped", "--transpose all"]]
    assert scores(follow(fix, "--transpose all")) == good_scores()
