"""Text, JSON and YAML are read in one way only, whoever wrote them with whatever editor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lvos_eval.formats.text_files import DocumentError, misnamed, parse_yaml, read_json, read_text


def file(folder: Path, content: str | bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def fault_of(read: Any, argument: Any) -> tuple[str, str]:
    with pytest.raises(DocumentError) as fault:
        read(argument)
    return str(fault.value), fault.value.fix


def test_a_byte_order_mark_is_not_part_of_a_text(tmp_path: Path) -> None:
    assert read_text(file(tmp_path, b"\xef\xbb\xbfabc")) == "abc"
    assert read_json(file(tmp_path, b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}
    assert parse_yaml(read_text(file(tmp_path, b"\xef\xbb\xbfa: 1"))) == {"a": "1"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_another_encoding_is_said_and_saving_it_as_utf8_helps(tmp_path: Path, encoding: str) -> None:
    path = file(tmp_path, '{"a": 1}'.encode(encoding))
    message, fix = fault_of(read_json, path)
    assert message == "is not UTF-8 text but UTF-16, or no text at all"
    assert fix == "save it as UTF-8 text (in Notepad: Save as, Encoding: UTF-8)"
    path.write_text(path.read_bytes().decode(encoding), encoding="utf-8")
    assert read_json(path) == {"a": 1}


def test_a_byte_that_is_no_utf8_is_said_with_its_line(tmp_path: Path) -> None:
    assert fault_of(read_text, file(tmp_path, b"abc\nd\xe9f"))[0] == "is not UTF-8 text: byte 0xe9 in line 2"


@pytest.mark.parametrize(
    "written",
    [
        *("00000051", "0o17", "0x10", "0b1", "1_000", "10:00", "1:30", "1e5", "0123e45", "5.0", ".inf", ".nan", "+5", "-5"),
        *(
            "yes",
            "No",
            "on",
            "off",
            "true",
            "False",
            "y",
            "n",
            "null",
            "~",
            "NULL",
            "2026-01-01",
            "2026-12-01 00:00:00",
            "=",
            "<<",
        ),
    ],
)
def test_a_plain_yaml_value_is_the_text_that_stands_there(written: str) -> None:
    assert parse_yaml(f"a: {written}\nb: [{written}, x]") == {"a": written, "b": [written, "x"]}
    assert parse_yaml(f"{written}: 1") == {written: "1"}
    assert parse_yaml(f"a: '{written}'") == {"a": written}


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        (
            "exclude:\n  v1: [11]\n  v2: [21]\n  v1: [51]\n",
            "gives `v1` twice, in lines 2 and 4; only the last one would count",
            "put everything of `v1` into one of them, and delete the other",
        ),
        ("a: 1\n'a': 2\n", "gives `a` twice, in lines 1 and 2", "put everything of `a`"),
        ("{x: {b: 1, b: 2}}", "gives `b` twice, in lines 1 and 1", "put everything of `b`"),
        ("- a: 1\n  a: 2\n", "gives `a` twice, in lines 1 and 2", "put everything of `a`"),
        ("a: &x [1]\nb: *x\n", "uses an alias (`*name`) for what is in line 1", "write the value out in both places"),
        ("a: &x [*x]\n", "uses an alias (`*name`) for what is in line 1", "write the value out in both places"),
        ("a: !!int 010\n", "has the tag `tag:yaml.org,2002:int` in line 1", "leave the tag out"),
        ("a: !!python/object/apply:os.getcwd []\n", "has the tag `tag:yaml.org,2002:python/object", "leave the tag out"),
        ("[a]: 1\n", "has a list or a mapping as a key in line 1", "write one `key: value` per line"),
        ("a: 1\n---\nb: 2\n", "is not YAML: expected a single document", "write one `key: value` per line"),
        ("a:\t- [", "is not YAML: while ", "write one `key: value` per line"),
        ("[" * 5000, "is nested too deeply", "write one `key: value` per line"),
    ],
)
def test_what_yaml_could_mean_in_two_ways_is_refused(text: str, message: str, fix: str) -> None:
    found = fault_of(parse_yaml, text)
    assert found[0].startswith(message)
    assert found[1].startswith(fix)


def test_a_key_given_twice_is_fixed_by_putting_all_into_one() -> None:
    assert parse_yaml("exclude:\n  v1: [11, 51]\n  v2: [21]\n") == {"exclude": {"v1": ["11", "51"], "v2": ["21"]}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"videos": {"v1": 1, "v1": 2}}', "gives `videos.v1` twice; only the last one would count"),
        ('{"videos": {"v1": {"objects": {"1": 1, "2": 2, "1": 3}}}}', "gives `videos.v1.objects.1` twice"),
        ('{"a": [{"b": 1, "b": 1}]}', "gives `a.b` twice"),
        ('{"a": 1, "a": 2, "b": 1, "b": 2}', "gives `a`, `b` twice"),
        ('{"a": NaN}', "is not JSON: NaN is not a number"),
        ('{"a": -Infinity}', "is not JSON: -Infinity is not a number"),
        ('{"a": 1,}', "is not JSON: "),
        ("{'a': 1}", "is not JSON: Expecting property name"),
        ("", "is not JSON: Expecting value: line 1 column 1"),
        ('{"a": ' + "9" * 5000 + "}", "is not JSON: 99999999... is a number of"),
        ("[" * 100_000, "is nested too deeply"),
    ],
    ids=lambda text: text[:40],
)
def test_what_json_could_mean_in_two_ways_is_refused(text: str, message: str, tmp_path: Path) -> None:
    assert fault_of(read_json, file(tmp_path, text))[0].startswith(message)


def test_equal_keys_in_different_objects_are_fine(tmp_path: Path) -> None:
    content = {"v1": {"objects": {"1": 1}}, "v2": {"objects": {"1": 1}}}
    assert read_json(file(tmp_path, json.dumps(content))) == content


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("scoring.yml", "scoring.yaml"),
        ("scoring.json", "scoring.yaml"),
        ("Scoring.yaml", "scoring.yaml"),
        ("scoring.yaml.txt", "scoring.yaml"),
        ("unseen_videos.csv", "unseen_videos.txt"),
        ("unseen_videos", "unseen_videos.txt"),
        ("Unseen-Video.txt", "unseen_videos.txt"),
    ],
)
def test_a_name_that_can_only_be_meant_for_a_file_is_found(name: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert misnamed(tmp_path / wanted) == tmp_path / name


@pytest.mark.parametrize(
    "name", ["._scoring.yaml", ".scoring.yaml.swp", "scoring.yaml~", "scoring.yaml.bak", "scoring.py", "scores.yaml"]
)
def test_backups_and_other_files_are_not_taken_for_it(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    (tmp_path / "scoring.yaml").touch()
    assert misnamed(tmp_path / "scoring.yaml") is None
