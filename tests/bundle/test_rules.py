"""Each rule of the self-check names itself when a bundle breaks it, and only then."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from breaking import Broken
from built import Built
from competition.bundles.zips import MEMBER_DATE
from competition.checks.bundle import Platform
from competition.checks.selfcheck import RULES, check_bundle, main
from tiny_reference import OBJECTS, draw

BENCH, LAB = Platform.CODABENCH, Platform.CODALAB
BOTH = (BENCH, LAB)
Change = Callable[[Broken], Any]


def drop(*path: Any) -> Change:
    """Removes what lies at the path in competition.yaml."""

    def change(config: Any) -> None:
        for step in path[:-1]:
            config = config[step]
        del config[path[-1]]

    return lambda broken: broken.configure(change)


def put(value: Any, *path: Any) -> Change:
    """Puts a value at the path in competition.yaml."""

    def change(config: Any) -> None:
        for step in path[:-1]:
            config = config[step]
        config[path[-1]] = value

    return lambda broken: broken.configure(change)


def setting(name: str, value: bytes) -> Change:
    """Changes a line of the scoring.yaml of the final phase."""

    def change(members: dict[str, bytes]) -> None:
        members["scoring.yaml"] = re.sub(
            rb"(?m)^" + name.encode() + rb":.*$", name.encode() + b": " + value, members["scoring.yaml"]
        )

    return lambda broken: broken.inner("reference_final.zip", change)


def command(file: str, old: bytes, new: bytes) -> Change:
    """Changes a run file of the program."""

    def change(members: dict[str, bytes]) -> None:
        assert old in members[file]
        members[file] = members[file].replace(old, new)

    return lambda broken: broken.inner("scoring_program.zip", change)


def remove(archive: str, *names: str) -> Change:
    """Removes members of a zip in the bundle, by the beginning of their name."""

    def change(members: dict[str, bytes]) -> None:
        for name in [name for name in members if name.startswith(names)]:
            del members[name]

    return lambda broken: broken.inner(archive, change)


def elsewhere(masks: str, *without: str) -> Change:
    """Says in the scoring.yaml of the final phase that the masks lie on a worker."""

    def change(members: dict[str, bytes]) -> None:
        members["scoring.yaml"] += f"masks: {masks}\n".encode()
        for name in [name for name in members if without and name.startswith(without)]:
            del members[name]

    return lambda broken: broken.inner("reference_final.zip", change)


def sample_with(name: str) -> Change:
    """Adds a file to the sample submission of the starting kit."""

    def change(members: dict[str, bytes]) -> None:
        buffer = io.BytesIO(members["sample/sample_submission.zip"])
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr(zipfile.ZipInfo(name, MEMBER_DATE), b"command: python3 mine.py\n")
        members["sample/sample_submission.zip"] = buffer.getvalue()

    return lambda broken: broken.inner("starting_kit.zip", change)


def leak(broken: Broken) -> None:
    """A ground-truth mask in the starting kit, with another label, palette and name."""
    image = Image.fromarray(9 * draw(OBJECTS["unseen33"][:1], 0 + 8 % 3 + 4))
    image.putpalette([0, 0, 0] * 256)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    broken.inner("starting_kit.zip", lambda members: members.update({"pictures/teaser.png": buffer.getvalue()}))


def damage(broken: Broken) -> None:
    def finish(path: Path) -> None:
        data = path.read_bytes()
        spot = data.index(broken.members["logo.png"]) + 40
        path.write_bytes(data[:spot] + bytes([data[spot] ^ 1]) + data[spot + 1 :])

    broken.finish = finish


def reverse(broken: Broken) -> None:
    def finish(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            entries = [(info, archive.read(info)) for info in archive.infolist()]
        with zipfile.ZipFile(path, "w") as archive:
            for info, content in reversed(entries):
                archive.writestr(info, content)

    broken.finish = finish


def member(name: str, content: bytes) -> Change:
    return lambda broken: broken.members.update({name: content})


def edit_columns(change: Callable[[list[dict[str, Any]]], Any]) -> Change:
    """Changes the Codabench columns."""
    return lambda broken: broken.configure(lambda config: change(config["leaderboards"][0]["columns"]))


LONG = "x" * 101
SPOILED: list[tuple[str, str, tuple[Platform, ...], Change]] = [
    ("one-configuration", "two configurations", BOTH, member("extra.yaml.txt", b"a: 1\n")),
    ("one-configuration", "not first", BOTH, reverse),
    ("no-litter", "resource fork", BOTH, member("__MACOSX/._logo.png", b"x")),
    ("no-litter", "finder", BOTH, member(".DS_Store", b"x")),
    (
        "no-litter",
        "bytecode in the program",
        BOTH,
        lambda broken: broken.inner("scoring_program.zip", lambda m: m.update({"lvos_eval/cli/__pycache__/main.pyc": b"x"})),
    ),
    ("plain-zip", "duplicate", BOTH, lambda broken: broken.append("LOGO.png")),
    ("plain-zip", "parent", BOTH, lambda broken: broken.append("../logo.png")),
    ("plain-zip", "folder", BOTH, lambda broken: broken.append("pages/")),
    ("plain-zip", "link", BOTH, lambda broken: broken.append("zz", b"/etc/passwd", external_attr=0o120777 << 16)),
    ("plain-zip", "damaged", BOTH, damage),
    ("reproducible", "time", BOTH, lambda broken: broken.append("zz", date_time=(2026, 12, 1, 0, 0, 0))),
    ("reproducible", "order", BOTH, lambda broken: broken.append("aa")),
    ("image-opens", "no picture", BOTH, member("logo.png", b"not a picture")),
    ("image-opens", "not there", BOTH, put("logo.jpg", "image")),
    ("pages-not-empty", "empty page", (BENCH,), member("pages/faq.md", b" \n")),
    ("pages-not-empty", "empty page", (LAB,), member("evaluation.html", b"")),
    ("pages-not-empty", "missing terms", (BENCH,), put("pages/conditions.md", "terms")),
    ("pages-self-contained", "picture", (BENCH,), member("pages/data.md", b"![x](http://example.org/x.png)")),
    ("pages-self-contained", "script", (LAB,), member("data.html", b"<script>alert(1)</script>")),
    ("own-image", "none", (BENCH,), drop("docker_image")),
    ("own-image", "the platform's", (BENCH,), put("codalab/codalab-legacy:py37", "docker_image")),
    ("own-image", "none", (LAB,), drop("competition_docker_image")),
    ("own-image", "no tag", (LAB,), put("lvos-eval", "competition_docker_image")),
    ("programs-and-data", "no program", BOTH, lambda broken: broken.remove("scoring_program.zip")),
    ("programs-and-data", "no reference", BOTH, lambda broken: broken.remove("reference_final.zip")),
    ("programs-and-data", "no entry point", BOTH, remove("scoring_program.zip", "evaluate.py")),
    ("programs-and-data", "no masks", BOTH, remove("reference_final.zip", "Annotations/")),
    ("programs-and-data", "masks in two places", BOTH, elsewhere("/app/data/test")),
    ("programs-and-data", "masks nowhere", BOTH, elsewhere("data/test", "Annotations/")),
    ("phase-dates", "overlap", (BENCH,), put("2026-12-05 00:00:00", "phases", 1, "start")),
    ("phase-dates", "ends before it starts", (BENCH,), put("2026-01-01 00:00:00", "phases", 1, "end")),
    ("phase-dates", "no end", (BENCH,), drop("phases", 0, "end")),
    ("phase-dates", "no phase", (BENCH,), put([], "phases")),
    (
        "phase-dates",
        "out of order",
        (LAB,),
        lambda b: b.text("competition.yaml", "start_date: 2026-12-01", "start_date: 2027-12-01"),
    ),
    ("submission-limits", "none", (BENCH,), drop("phases", 0, "max_submissions")),
    ("submission-limits", "more a day than in all", (LAB,), put(500, "phases", 1, "max_submissions_per_day")),
    ("time-limit", "none", (BENCH,), drop("phases", 0, "execution_time_limit")),
    ("time-limit", "over the public queue's", (BENCH,), put(3600, "phases", 1, "execution_time_limit")),
    ("time-limit", "below our own deadline", (LAB,), put(60, "phases", 1, "execution_time_limit")),
    ("time-limit", "below our own deadline", (BENCH,), put(600, "phases", 1, "execution_time_limit")),
    ("time-limit", "no own deadline", BOTH, setting("time_limit", b"null")),
    ("pinned-reference", "no seal", BOTH, setting("ground_truth", b"null")),
    ("hidden-detail", "full", BOTH, setting("detail", b"full")),
    ("hidden-detail", "unset", BOTH, setting("detail", b"null")),
    ("public-parts", "relabelled copy in the kit", BOTH, leak),
    ("starting-kit", "none", (BENCH,), drop("phases", 1, "starting_kit")),
    ("starting-kit", "no writer", BOTH, remove("starting_kit.zip", "write_masks.py")),
    ("starting-kit", "a sample that the platform takes for a program", BOTH, sample_with("metadata.yaml")),
    ("columns", "misspelt key", (BENCH,), put("J-Maen", "leaderboards", 0, "columns", 1, "key")),
    ("columns", "Overall not first", (BENCH,), edit_columns(lambda columns: columns.pop(0))),
    ("columns", "V descending", (BENCH,), put("desc", "leaderboards", 0, "columns", 7, "sorting")),
    ("columns", "precision", (BENCH,), put(2, "leaderboards", 0, "columns", 7, "precision")),
    ("columns", "V descending", (LAB,), put("desc", "leaderboard", "columns", "V-Mean", "sort")),
    ("columns", "precision", (LAB,), put(2, "leaderboard", "columns", "V-Mean", "numeric_format")),
    ("columns-available", "no unseen video", BOTH, remove("reference_final.zip", "unseen_videos.txt")),
    ("detailed-results", "off", BOTH, put(False, "enable_detailed_results")),
    ("version-2", "none", (BENCH,), drop("version")),
    ("version-2", "a text", (BENCH,), put("2", "version")),
    *[
        ("required-keys", key, (BENCH,), drop(key))
        for key in ("title", "terms", "pages", "tasks", "phases", "leaderboards", "image")
    ],
    *[("required-keys", f"task {key}", (BENCH,), drop("tasks", 0, key)) for key in ("index", "name", "scoring_program")],
    *[("required-keys", f"phase {key}", (BENCH,), drop("phases", 0, key)) for key in ("name", "start", "tasks")],
    *[("required-keys", f"board {key}", (BENCH,), drop("leaderboards", 0, key)) for key in ("title", "key", "columns")],
    *[
        ("required-keys", f"column {key}", (BENCH,), drop("leaderboards", 0, "columns", 2, key))
        for key in ("title", "key", "index")
    ],
    *[("required-keys", key, (LAB,), drop(key)) for key in ("title", "html", "phases", "leaderboard")],
    *[("required-keys", f"phase {key}", (LAB,), drop("phases", 2, key)) for key in ("label", "start_date", "scoring_program")],
    ("known-keys", "misspelt at the top", (BENCH,), put(True, "enable_detailled_results")),
    ("known-keys", "misspelt in a phase", (BENCH,), put(600, "phases", 0, "execution_time_limit_ms")),
    ("known-keys", "misspelt in a column", (BENCH,), put(4, "leaderboards", 0, "columns", 0, "numeric_format")),
    ("known-keys", "v2 spelling", (LAB,), put(True, "registration_auto_approve")),
    ("known-keys", "v2 spelling in a phase", (LAB,), put("x", "phases", 1, "name")),
    ("lengths", "title", BOTH, put(LONG, "title")),
    ("lengths", "leaderboard title", (BENCH,), put("x" * 65, "leaderboards", 0, "title")),
    ("lengths", "column title", (BENCH,), put("x" * 37, "leaderboards", 0, "columns", 0, "title")),
    ("lengths", "column key", (BENCH,), put("x" * 37, "leaderboards", 0, "columns", 0, "key")),
    ("lengths", "phase label", (LAB,), put("x" * 51, "phases", 1, "label")),
    ("lengths", "column label", (LAB,), put("x" * 51, "leaderboard", "columns", "Overall", "label")),
    ("quoted-times", "unquoted", (BENCH,), lambda b: b.text("competition.yaml", "'2026-12-01 00:00:00'", "2026-12-01 00:00:00")),
    ("quoted-times", "another zone", (BENCH,), put("2026-12-01 00:00:00+02:00", "phases", 0, "start")),
    ("page-format", "text file", (BENCH,), put("pages/terms.txt", "terms")),
    ("task-indexes", "unknown task", (BENCH,), put([7], "phases", 1, "tasks")),
    ("task-indexes", "same index", (BENCH,), put(0, "tasks", 1, "index")),
    (
        "one-leaderboard",
        "two",
        (BENCH,),
        lambda broken: broken.configure(lambda config: config["leaderboards"].append(config["leaderboards"][0])),
    ),
    ("column-indexes", "gap", (BENCH,), put(20, "leaderboards", 0, "columns", 9, "index")),
    ("submission-rule", "unknown", (BENCH,), put("Force_best", "leaderboards", 0, "submission_rule")),
    ("fact-sheet", "a key is missing", (BENCH,), drop("fact_sheet", "team", "selection")),
    ("fact-sheet", "another key", (BENCH,), put("teams", "fact_sheet", "team", "key")),
    ("fact-sheet", "another type", (BENCH,), put("number", "fact_sheet", "team", "type")),
    ("fact-sheet", "true without quotes", (BENCH,), put(True, "fact_sheet", "team", "is_on_leaderboard")),
    ("queue", "its name", (BENCH,), put("lab workers", "queue")),
    ("no-v2-keys", "version", (LAB,), put(2, "version")),
    ("no-v2-keys", "docker_image", (LAB,), put("a/b:1", "docker_image")),
    ("no-v2-keys", "hide_output", (LAB,), put(True, "phases", 1, "hide_output")),
    *[("html-pages", page, (LAB,), drop("html", page)) for page in ("overview", "evaluation", "terms", "data")],
    ("html-pages", "Markdown", (LAB,), put("data.md", "html", "data")),
    ("start-days", "a text", (LAB,), put("2026-12-01", "phases", 1, "start_date")),
    ("start-days", "wrong number", (LAB,), put(2, "phases", 1, "phasenumber")),
    ("start-days", "an end that is a text", (LAB,), put("2027-05-01", "end_date")),
    ("scoring-only", "code", (LAB,), put(False, "phases", 1, "is_scoring_only")),
    ("scoring-only", "migration", (LAB,), put(True, "phases", 2, "auto_migration")),
    ("board-fills", "not said", (LAB,), drop("phases", 1, "force_best_submission_to_leaderboard")),
    ("board-fills", "in one phase", (LAB,), put(False, "phases", 1, "force_best_submission_to_leaderboard")),
    ("image-name", "underscore", (LAB,), put("my_lab/lvos-eval:1", "competition_docker_image")),
    ("image-name", "digest", (LAB,), put(f"lab/lvos-eval:1@sha256:{64 * 'a'}", "competition_docker_image")),
    ("submission-size", "the default", (LAB,), drop("phases", 1, "max_submission_size")),
    (
        "leaderboard-columns",
        "another board",
        (LAB,),
        put({"label": "X", "rank": 1}, "leaderboard", "columns", "J-Mean", "leaderboard"),
    ),
    ("leaderboard-columns", "ranks", (LAB,), put(5, "leaderboard", "columns", "J-Mean", "rank")),
    ("run-file", "nested command", (BENCH,), command("metadata.yaml", b"command: ", b"command:\n  run: ")),
    ("run-file", "no such script", (BENCH,), command("metadata.yaml", b"evaluate.py", b"score.py")),
    ("run-file", "a folder of one worker", (BENCH,), command("metadata.yaml", b"evaluate.py", b"/app/program/evaluate.py")),
    (
        "run-file",
        "input and output swapped",
        (BENCH,),
        command("metadata.yaml", b"/app/input /app/output", b"/app/output /app/input"),
    ),
    ("run-file", "another key", (LAB,), command("metadata", b"description:", b"image: x\ndescription:")),
    ("run-file", "quoting", (LAB,), command("metadata", b"$input", b'"$input"')),
    ("run-file", "working directory", (LAB,), command("metadata", b"$program/evaluate.py", b"evaluate.py")),
    ("lingers", "not at all", (LAB,), command("metadata", b" --linger 3", b"")),
    ("lingers", "too short", (LAB,), command("metadata", b" --linger 3", b" --linger 0.5")),
]

CASES = [
    pytest.param(rule, platform, change, id=f"{platform}: {rule}: {what}")
    for rule, what, platforms, change in SPOILED
    for platform in platforms
]


@pytest.mark.parametrize("platform", Platform)
def test_a_built_bundle_keeps_every_rule(built: Built, platform: Platform) -> None:
    assert check_bundle(built.path(platform), platform) == []


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "platform", "change"), CASES)
def test_a_broken_bundle_is_told_which_rule_it_breaks(
    built: Built, tmp_path: Path, rule: str, platform: Platform, change: Change
) -> None:
    broken = Broken(built.path(platform))
    change(broken)
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        path = broken.write(tmp_path / "broken.zip")
    reasons = [line for line in check_bundle(path, platform) if line.startswith(f"{platform} {rule}: ")]
    assert reasons
    assert not any("cannot be determined" in reason for reason in reasons)


def test_every_rule_is_broken_by_a_test_on_every_platform() -> None:
    spoiled = {(rule, platform) for rule, _, platforms, _ in SPOILED for platform in platforms}
    assert spoiled == {(rule.name, platform) for platform, rules in RULES.items() for rule in rules}


def test_a_rule_has_one_definition_for_each_platform() -> None:
    pairs = [(rule.name, platform) for platform, rules in RULES.items() for rule in rules]
    assert len(set(pairs)) == len(pairs)


def test_the_reason_says_what_was_found(built: Built, tmp_path: Path) -> None:
    path = Broken(built.path(BENCH)).configure(lambda config: config.update(version=1)).write(tmp_path / "broken.zip")
    assert check_bundle(path, BENCH) == [
        "codabench version-2: version is 1\n    version is the integer 2: otherwise the reader for v1.5 bundles runs"
    ]


@pytest.mark.parametrize("platform", Platform)
@pytest.mark.parametrize(
    "text", [b"", b"[]", b"a: [", b"\xff", b"phases: 3\nhtml: 4\npages: 5\nleaderboards: 6\nleaderboard: 7\n"]
)
def test_a_ruined_configuration_breaks_rules_and_nothing_else(
    built: Built, tmp_path: Path, platform: Platform, text: bytes
) -> None:
    broken = Broken(built.path(platform))
    broken.members["competition.yaml"] = text
    assert check_bundle(broken.write(tmp_path / "broken.zip"), platform)


def test_a_file_that_is_no_zip_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "lvos-codabench.zip"
    path.write_bytes(b"PK nothing")
    assert check_bundle(path, BENCH) == [f"codabench opens: {path}: File is not a zip file"]


def test_the_rules_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len({rule for rules in RULES.values() for rule in rules})
