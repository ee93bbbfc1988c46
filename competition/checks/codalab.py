"""What CodaLab v1.5's reader and worker demand beyond the rules for both platforms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

import yaml

from competition.checks.bundle import Bundle
from competition.checks.rule import rule

__all__ = ["RULES"]

LEAST_LINGER: Final = 2.0
"""Seconds: the watcher of the detail page looks every second, and a run that ends sooner shows a blank page."""

_FATAL: Final = ("version", "docker_image", "hide_output")
_TOP: Final = ("title", "image", "html", "phases", "leaderboard")
_KNOWN_TOP: Final = (
    "description", "has_registration", "competition_docker_image", "enable_detailed_results", "enable_per_submission_metadata",
    "allow_public_submissions", "force_submission_to_leaderboard", "end_date",
)  # fmt: skip
_PHASE: Final = ("phasenumber", "label", "start_date", "scoring_program", "reference_data")
_KNOWN_PHASE: Final = (
    "description", "max_submissions", "max_submissions_per_day", "max_submission_size", "is_scoring_only", "execution_time_limit",
    "auto_migration", "force_best_submission_to_leaderboard", "starting_kit", "color",
)  # fmt: skip
_COLUMN: Final = ("leaderboard", "label", "rank")
_PAGES: Final = ("overview", "evaluation", "terms", "data")


def _entries(bundle: Bundle) -> Iterator[tuple[str, Mapping[str, Any], tuple[str, ...], tuple[str, ...]]]:
    """Every mapping but that of the pages: where it is, what it holds, which keys it needs, which others are known."""
    config = bundle.config
    yield "the top", config, _TOP, _KNOWN_TOP
    for number, phase in config.get("phases", {}).items():
        yield f"phase {number}", phase, _PHASE, _KNOWN_PHASE
    board = config.get("leaderboard", {})
    yield "the leaderboard", board, ("leaderboards", "columns"), ()
    for name, content in board.get("leaderboards", {}).items():
        yield f"leaderboard {name}", content, ("label", "rank"), ()
    for key, column in board.get("columns", {}).items():
        yield f"column {key}", column, _COLUMN, ("sort", "numeric_format")


@rule("no-v2-keys", "no version, docker_image or hide_output: the reader fails on them")
def no_v2_keys(bundle: Bundle) -> Iterator[str]:
    for where, content, _, _ in _entries(bundle):
        yield from (f"{where} has {key}" for key in _FATAL if key in content)


@rule("required-keys", "everything that the reader requires is there and not empty")
def required_keys(bundle: Bundle) -> Iterator[str]:
    for where, content, needed, _ in _entries(bundle):
        yield from (f"{where} has no {key}" for key in needed if content.get(key) in (None, "", {}))


@rule("known-keys", "every key is spelt as the reader spells it: unknown ones of a phase stop the upload")
def known_keys(bundle: Bundle) -> Iterator[str]:
    for where, content, needed, known in _entries(bundle):
        yield from (f"{where} has the unknown key {key}" for key in content if key not in (*needed, *known, *_FATAL))


@rule("lengths", "titles at most 100, labels and keys at most 50 characters")
def lengths(bundle: Bundle) -> Iterator[str]:
    texts = [(100, "title", bundle.config["title"])]
    texts += [(50, "label", phase["label"]) for phase in bundle.config["phases"].values()]
    texts += [(50, "key", key) for key in bundle.config["leaderboard"]["columns"]]
    texts += [(50, "label", column["label"]) for column in bundle.config["leaderboard"]["columns"].values()]
    texts += [(50, "page", title) for title in bundle.pages]
    for limit, what, text in texts:
        if len(text) > limit:
            yield f"{what} {text!r} has {len(text)} characters, more than {limit}"


@rule("html-pages", "overview, evaluation, terms and data are there, and every page is HTML")
def html_pages(bundle: Bundle) -> Iterator[str]:
    yield from (f"there is no page {name}" for name in _PAGES if name not in bundle.pages)
    yield from (f"{name} is not an HTML file" for name in bundle.pages.values() if not str(name).endswith(".html"))


@rule("start-days", "phases start on unquoted days and are numbered from 1; where the competition ends, it is on such a day")
def start_days(bundle: Bundle) -> Iterator[str]:
    for number, (key, phase) in enumerate(bundle.config["phases"].items(), 1):
        start = phase["start_date"]
        if not isinstance(start, date) or isinstance(start, datetime):
            yield f"phase {key} starts at {start!r}"
        if phase["phasenumber"] != number or key != number:
            yield f"phase {key} has the number {phase['phasenumber']}"
    if "end_date" in bundle.config and not isinstance(bundle.config["end_date"], date):
        yield f"end_date is {bundle.config['end_date']!r}"


@rule("scoring-only", "phases take results, not code, and submissions do not move from one to the next")
def scoring_only(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.phases:
        if phase.fields.get("is_scoring_only") is not True:
            yield f"{phase.name}: is_scoring_only is {phase.fields.get('is_scoring_only')!r}"
        if phase.fields.get("auto_migration") is not False:
            yield f"{phase.name}: auto_migration is {phase.fields.get('auto_migration')!r}"


@rule("board-fills", "results reach the leaderboard by themselves, or every phase says that participants push them there")
def board_fills(bundle: Bundle) -> Iterator[str]:
    if bundle.config.get("force_submission_to_leaderboard") is True:
        return
    found = [phase.fields.get("force_best_submission_to_leaderboard") for phase in bundle.phases]
    if found not in ([True] * len(found), [False] * len(found)):
        yield f"force_best_submission_to_leaderboard is {', '.join(map(repr, found))} in the phases"


@rule("image-name", "the image has only characters that the site does not drop: 0-9, letters, / . : and -")
def image_name(bundle: Bundle) -> Iterator[str]:
    name = str(bundle.image)
    pulled = re.sub(r"[^0-9a-zA-Z/.:-]", "", name)
    if pulled != name:
        yield f"the image is {name}, and {pulled} would be pulled"


@rule("submission-size", "each phase says how many megabytes a submission may have: by default 300, which a whole split exceeds")
def submission_size(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.phases:
        found = phase.fields.get("max_submission_size")
        if type(found) is not int or found < 1:
            yield f"{phase.name}: max_submission_size is {found!r}"


@rule("leaderboard-columns", "every column belongs to the one leaderboard, and ranks count from 1")
def leaderboard_columns(bundle: Bundle) -> Iterator[str]:
    boards = list(bundle.config["leaderboard"]["leaderboards"].values())
    if len(boards) != 1:
        yield f"there are {len(boards)} leaderboards"
    found = bundle.config["leaderboard"]["columns"]
    yield from (f"column {key} is on no leaderboard" for key, column in found.items() if column["leaderboard"] not in boards)
    ranks = [column["rank"] for column in found.values()]
    if ranks != list(range(1, len(ranks) + 1)):
        yield f"the ranks are {ranks}"


@rule("run-file", "metadata has command and description only; the command needs no shell and no working directory")
def run_file(bundle: Bundle) -> Iterator[str]:
    for program in sorted({str(phase.program) for phase in bundle.phases}):
        with bundle.inner(program) as inner:
            content = yaml.safe_load(inner.read("metadata"))
            names = inner.namelist()
        command = content.get("command") if isinstance(content, dict) else None
        if not isinstance(command, str) or set(content) != {"command", "description"}:
            yield f"{program}: metadata is {content!r}"
            continue
        if re.search(r"[\"'|&;<>`*?\\]|\$(?!program|input|output)", command):
            yield f"{program}: the command needs a shell: {command}"
        words = command.split(" ")
        script = next((word.removeprefix("$program/") for word in words if word.startswith("$program/")), None)
        if script not in names:
            yield f"{program}: the command runs {script!r}, which is not in the zip"
        if words[2:4] != ["$input", "$output"]:
            yield f"{program}: the command does not pass $input and $output"


@rule("lingers", f"the command waits at least {LEAST_LINGER:g} s after its last write, or the detail page stays blank")
def lingers(bundle: Bundle) -> Iterator[str]:
    for program in sorted({str(phase.program) for phase in bundle.phases}):
        with bundle.inner(program) as inner:
            command = str(yaml.safe_load(inner.read("metadata"))["command"])
        found = re.search(r" --linger (\d+(\.\d+)?)( |$)", command)
        if not found or float(found[1]) < LEAST_LINGER:
            yield f"{program}: {command}"


RULES: Final = (
    no_v2_keys,
    required_keys,
    known_keys,
    lengths,
    html_pages,
    start_days,
    scoring_only,
    board_fills,
    image_name,
    submission_size,
    leaderboard_columns,
    run_file,
    lingers,
)
