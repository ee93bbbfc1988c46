"""What Codabench's reader and worker demand beyond the rules for both platforms."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from competition.checks.bundle import Bundle
from competition.checks.rule import rule
from competition.settings import SubmissionRule

__all__ = ["RULES"]

_TOP: Final = ("title", "image", "terms", "pages", "tasks", "phases", "leaderboards")
_TASK: Final = ("index", "name", "scoring_program")
_PHASE: Final = ("name", "start", "tasks")
_BOARD: Final = ("title", "key", "columns")
_COLUMN: Final = ("title", "key", "index")
_KNOWN_TOP: Final = (
    "version", "description", "docker_image", "contact_email", "registration_auto_approve", "enable_detailed_results",
    "show_detailed_results_in_leaderboard", "can_participants_make_submissions_public", "auto_run_submissions", "solutions",
    "queue", "fact_sheet",
)  # fmt: skip
_KNOWN_PHASE: Final = (
    "index", "description", "end", "max_submissions", "max_submissions_per_day", "execution_time_limit",
    "hide_score_output", "auto_migrate_to_this_phase", "starting_kit",
)  # fmt: skip
_QUESTION: Final = ("key", "type", "title", "selection", "is_required", "is_on_leaderboard")


def _entries(bundle: Bundle) -> Iterator[tuple[str, Mapping[str, Any], tuple[str, ...], tuple[str, ...]]]:
    """Every mapping of the configuration: where it is, what it holds, which keys it needs, which others are known."""
    config = bundle.config
    yield "the top", config, _TOP, _KNOWN_TOP
    for page in config.get("pages", []):
        yield "a page", page, ("title", "file"), ()
    for task in config.get("tasks", []):
        yield f"task {task.get('name')}", task, _TASK, ("description", "reference_data")
    for phase in config.get("phases", []):
        yield f"phase {phase.get('name')}", phase, _PHASE, _KNOWN_PHASE
    for board in config.get("leaderboards", []):
        yield "the leaderboard", board, _BOARD, ("submission_rule",)
        for column in board.get("columns", []):
            yield f"column {column.get('key')}", column, _COLUMN, ("sorting", "precision")


@rule("version-2", "version is the integer 2: otherwise the reader for v1.5 bundles runs")
def version_2(bundle: Bundle) -> Iterator[str]:
    if type(bundle.config.get("version")) is not int or bundle.config["version"] != 2:
        yield f"version is {bundle.config.get('version')!r}"


@rule("required-keys", "everything that the reader requires is there and not empty")
def required_keys(bundle: Bundle) -> Iterator[str]:
    for where, content, needed, _ in _entries(bundle):
        yield from (f"{where} has no {key}" for key in needed if content.get(key) in (None, "", []))


@rule("known-keys", "every key is spelt as the reader spells it: it ignores unknown ones silently")
def known_keys(bundle: Bundle) -> Iterator[str]:
    for where, content, needed, known in _entries(bundle):
        yield from (f"{where} has the unknown key {key}" for key in content if key not in (*needed, *known))


@rule("lengths", "title at most 100, leaderboard title 64, column title and key 36 characters")
def lengths(bundle: Bundle) -> Iterator[str]:
    yield from _too_long([("title", bundle.config["title"])], 100)
    for board in bundle.config["leaderboards"]:
        yield from _too_long([("leaderboard title", board["title"])], 64)
        for column in board["columns"]:
            yield from _too_long([("column title", column["title"]), ("column key", column["key"])], 36)


def _too_long(texts: Iterable[tuple[str, str]], limit: int) -> Iterator[str]:
    yield from (f"{what} {text!r} has {len(text)} characters, more than {limit}" for what, text in texts if len(text) > limit)


@rule("quoted-times", 'times are quoted, in UTC, as "2026-12-01 00:00:00": unquoted ones lose their time of day')
def quoted_times(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.phases:
        for name, value in (("start", phase.start), ("end", phase.end)):
            if value is not None and not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value)):
                yield f"{phase.name}: {name} is {value!r}"


@rule("page-format", "pages and terms are Markdown or HTML files")
def page_format(bundle: Bundle) -> Iterator[str]:
    yield from (f"{name} is neither" for name in bundle.pages.values() if not str(name).endswith((".md", ".html")))


@rule("task-indexes", "tasks have indexes of their own, and every phase names tasks that exist")
def task_indexes(bundle: Bundle) -> Iterator[str]:
    indexes = [task["index"] for task in bundle.config["tasks"]]
    if len(set(indexes)) != len(indexes):
        yield f"the task indexes are {indexes}"
    for phase in bundle.phases:
        yield from (f"{phase.name} names the task {index}" for index in phase.fields["tasks"] if index not in indexes)


@rule("one-leaderboard", "there is one leaderboard: others are not used")
def one_leaderboard(bundle: Bundle) -> Iterator[str]:
    if len(bundle.config["leaderboards"]) != 1:
        yield f"there are {len(bundle.config['leaderboards'])}"


@rule("column-indexes", "column indexes count from 0 without a gap")
def column_indexes(bundle: Bundle) -> Iterator[str]:
    found = sorted(column["index"] for column in bundle.config["leaderboards"][0]["columns"])
    if found != list(range(len(found))):
        yield f"the indexes are {found}"


@rule("submission-rule", "the submission rule is one of the platform's, spelt as it spells them")
def submission_rule(bundle: Bundle) -> Iterator[str]:
    found = bundle.config["leaderboards"][0].get("submission_rule")
    if found not in list(SubmissionRule):
        yield f"{found!r} is not a rule of the platform"


@rule("fact-sheet", 'every question has all six keys, its own among them; what is asked and shown is "true" or "false" in quotes')
def fact_sheet(bundle: Bundle) -> Iterator[str]:
    for key, question in (bundle.config.get("fact_sheet") or {}).items():
        if set(question) != set(_QUESTION) or question["key"] != key or question["type"] not in ("text", "checkbox", "select"):
            yield f"{key} is {question!r}"
            continue
        # the site compares them with texts: with a plain true a question is neither asked for nor shown
        yield from (f"{key}: {name} is {question[name]!r}" for name in _QUESTION[-2:] if question[name] not in ("true", "false"))


@rule("queue", "the queue is named by its Vhost: any other text stops the upload")
def queue(bundle: Bundle) -> Iterator[str]:
    found = bundle.config.get("queue")
    if found is not None and not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(found)):
        yield f"the queue is {found!r}"


@rule("run-file", "metadata.yaml has a plain command that runs a file of the working directory, which is the program's")
def run_file(bundle: Bundle) -> Iterator[str]:
    for program in sorted({str(phase.program) for phase in bundle.phases}):
        with bundle.inner(program) as inner:
            content = yaml.safe_load(inner.read("metadata.yaml"))
            names = inner.namelist()
        command = content.get("command") if isinstance(content, dict) else None
        if not isinstance(command, str) or not command.strip():
            # without one the run hangs, with no log
            yield f"{program}: command is {command!r}"
            continue
        words = shlex.split(command)
        # a later worker unpacks the program to a folder of another name
        if words[1] not in names:
            yield f"{program}: the command runs {words[1]!r}, which is not in the zip"
        if words[2:4] != ["/app/input", "/app/output"]:
            yield f"{program}: the command does not pass /app/input and /app/output"


RULES: Final = (
    version_2,
    required_keys,
    known_keys,
    lengths,
    quoted_times,
    page_format,
    task_indexes,
    one_leaderboard,
    column_indexes,
    submission_rule,
    fact_sheet,
    queue,
    run_file,
)
