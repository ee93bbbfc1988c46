"""What nobody can mean on a command line is refused before a command begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lvos_eval.cli.main import main, platform_main
from lvos_eval.formats.files import replace_file
from submissions import good_files, write_folder, write_reference

LONG = "a" * 300
COMMANDS = {
    "score submission": "score BAD --reference REF --output OUT",
    "score reference": "score SUB --reference BAD --output OUT",
    "score output": "score SUB --reference REF --output BAD",
    "check submission": "check BAD --reference REF",
    "check reference": "check SUB --reference BAD",
    "check-reference": "check-reference BAD",
    "prepare reference": "prepare BAD --output OUT",
    "prepare output": "prepare REF --output BAD",
    "prepare frames": "prepare REF --output OUT --frames BAD",
    "pack masks": "pack BAD --reference REF --output OUT",
    "pack reference": "pack SUB --reference BAD --output OUT",
    "pack output": "pack SUB --reference REF --output BAD",
    "compare old": "compare BAD SUB",
    "compare new": "compare SUB BAD",
    "compare html": "compare SUB SUB --html BAD",
    "rescore submissions": "rescore BAD --reference REF --output OUT",
    "rescore reference": "rescore SUB --reference BAD --output OUT",
    "rescore output": "rescore SUB --reference REF --output BAD",
    "rescore store": "rescore SUB --reference REF --output OUT --store BAD",
    "rescore names": "rescore SUB --reference REF --output OUT --names BAD",
    "rescore previous": "rescore SUB --reference REF --output OUT --previous BAD",
}
PATHS = {
    "empty": ("", "the path is empty"),
    "blank": (" ", "the path is empty"),
    "long": (LONG, "File name too long"),
    "long below nothing": (f"nothing/{LONG}", "File name too long"),
    "long in all": ("a/" * 3000, "File name too long"),
    "NUL": ("a\0b", "null"),
    "below a file": ("file/below", "Not a directory"),
    "loop": ("loop/below", "Too many levels of symbolic links"),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_reference(tmp_path / "REF")
    write_folder(tmp_path / "SUB", good_files())
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(run: object, arguments: list[str], desk: Path) -> None:
    before = sorted(desk.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        run(arguments)  # type: ignore[operator]
    assert ended.value.code == 2
    assert sorted(desk.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.parametrize(("bad", "reason"), PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_impossible_path_is_refused(
    command: str, bad: str, reason: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(main, [bad if word == "BAD" else word for word in command.split()], desk)
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("folder", [".", "/", "SUB"])
def test_a_page_is_not_written_in_place_of_a_folder(folder: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(main, ["compare", "SUB", "SUB", "--html", folder], desk)
    assert "it is a folder; name a file" in capsys.readouterr().err


@pytest.mark.parametrize("letter", ["a", "\N{GREEK SMALL LETTER ALPHA}"])
def test_a_name_of_the_greatest_length_is_written(letter: str, tmp_path: Path) -> None:
    path = tmp_path / (letter * (255 // len(letter.encode())))
    replace_file(path, "page")
    assert path.read_text() == "page"


@pytest.mark.parametrize("wait", ["-1", "nan", "inf", "-inf", "1e300", "3601", "x", ""])
def test_a_wait_without_an_end_is_refused(wait: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(main, ["score", "SUB", "--reference", "REF", "--output", "OUT", f"--linger={wait}"], desk)
    assert "is not a number of seconds; use 0 to 3600 seconds" in capsys.readouterr().err
    (desk / "ref").symlink_to("REF")
    (desk / "res").symlink_to("SUB")
    refused(platform_main, [".", "OUT", f"--linger={wait}"], desk)


@pytest.mark.parametrize(
    ("given", "reason"),
    [("file", "file is a file"), ("SUB", "SUB/ref is not there"), ("in", "in/res is not there"), ("no", "no is not there")],
)
def test_an_input_of_another_layout_is_told(given: str, reason: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "in" / "ref").mkdir(parents=True)
    refused(platform_main, [given, "OUT"], desk)
    assert f"{reason}; INPUT is a folder that holds the folders ref and res" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
@pytest.mark.parametrize("command", ["compare X X", "rescore subs --reference REF --output OUT --previous X"])
def test_a_pipe_or_a_device_is_no_document(name: str, command: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(desk / "pipe")
    (desk / "subs").mkdir()
    assert main([name if word == "X" else word for word in command.split()]) == 2
    assert "cannot be read: it is not a regular file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["scoring.yaml", "unseen_videos.txt"])
@pytest.mark.parametrize("device", [False, True], ids=["pipe", "device"])
def test_a_pipe_or_a_device_in_the_reference_is_told(
    name: str, device: bool, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "REF" / name).unlink(missing_ok=True)
    if device:
        (desk / "REF" / name).symlink_to("/dev/zero")
    else:
        os.mkfifo(desk / "REF" / name)
    assert main(["score", "SUB", "--reference", "REF", "--output", "OUT"]) == 3
    assert f"{name} cannot be read: it is not a regular file" in capsys.readouterr().err


def test_settings_of_many_levels_are_refused_at_once(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "REF" / "scoring.yaml").write_text("[" * 20_000)
    assert main(["check", "SUB", "--reference", "REF"]) == 3
    assert "scoring.yaml is nested too deeply" in capsys.readouterr().err


def test_settings_of_any_size_are_refused(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "REF" / "scoring.yaml").write_text("# nothing\n" * 30_000)
    assert main(["check", "SUB", "--reference", "REF"]) == 3
    assert "scoring.yaml cannot be read: it is larger than 262,144 bytes" in capsys.readouterr().err


def test_a_number_of_many_digits_is_shown_in_part(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (meta,) = (desk / "REF").glob("*_meta.json")
    text = meta.read_text()
    for digits in ("9" * 5000, f'"{"9" * 5000}"'):
        start = text.index('"frame_nums": ') + len('"frame_nums": ')
        end = min(text.index(mark, start) for mark in ",}\n" if mark in text[start:])
        meta.write_text(text[:start] + digits + text[end:])
        assert main(["check", "SUB", "--reference", "REF"]) == 3
        said = capsys.readouterr().err
        assert len(said) < 3000
        assert "int_max_str" not in said
    (desk / "big.json").write_text('{"a": ' + "9" * 5000 + "}")
    assert main(["compare", "big.json", "big.json"]) == 2
    assert "is a number of 5,000 digits" in capsys.readouterr().err
