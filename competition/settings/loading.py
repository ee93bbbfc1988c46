"""`competition.yaml`, read once and checked."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from competition.settings.folder import SHIPPED, CompetitionFolder
from competition.settings.model import (
    LARGEST_SUBMISSION,
    PUBLIC_QUEUE,
    Competition,
    Question,
    Queue,
    Registrations,
    SubmissionRule,
)
from competition.settings.phases import read_phases
from competition.settings.reading import EntryReader, shown
from lvos_eval import __version__, protocols
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.formats.text_files import DocumentError, Yaml, read_yaml

__all__ = ["IMAGE_NAME", "load_competition"]

IMAGE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9./:-]*:[A-Za-z0-9.-]+")
"""With a tag. CodaLab drops every character but `[0-9a-zA-Z/.:-]` from the name, and pulls what is left."""

_QUESTION_KEY: Final = re.compile("[a-z][a-z0-9_]{0,29}")
_RENAMED: Final = {"approve_registrations": "write `registrations: moderated` for true, `open` for false"}
_SWITCHES: Final = ("show_detailed_results_in_leaderboard", "hide_score_output", "can_participants_make_submissions_public")
_TEXTS: Final = ("title", "description", "contact", "image", "check_image")
DEFAULTS: Final = {item.name: item.default for item in fields(Competition)}


def load_competition(folder: CompetitionFolder = SHIPPED, phases: Path | None = None) -> Competition:
    """The competition, with the phases of another file if one is given. Raises UsageError with every fault, a line each."""
    path = folder.settings
    content = _load(path)
    if phases is not None:
        other = _load(phases)
        if not isinstance(content, dict) or not isinstance(other, dict) or set(other) != {"phases"}:
            raise UsageError(f"{phases}: it has to hold `phases:` and nothing else")
        content |= other
    top = EntryReader(content, "", []).only([item.name for item in fields(Competition)], _RENAMED)
    competition = _competition(top)
    if top.faults:
        raise UsageError("\n".join(f"{path.name}: {fault}" for fault in top.faults))
    return competition


def _load(path: Path) -> Yaml | None:
    try:
        return read_yaml(path)
    except DocumentError as fault:
        raise UsageError(f"{path} {fault}\nFix: {fault.fix}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _competition(top: EntryReader) -> Competition:
    texts: dict[str, Any] = {name: top.text(name).replace("{version}", __version__) for name in _TEXTS}
    for name in ("image", "check_image"):
        if texts[name] and not IMAGE_NAME.fullmatch(texts[name]):
            top.fault(
                name,
                f"{texts[name]!r} is not name:tag of small letters, digits and . / : - only; CodaLab drops all else, `_` too",
            )
    queue = _queue(top)
    switches: dict[str, Any] = {name: top.yes(name, bool(DEFAULTS[name])) for name in _SWITCHES}
    size = top.whole("max_submission_size", default=LARGEST_SUBMISSION)
    if size > LARGEST_SUBMISSION:
        top.fault("max_submission_size", f"{LARGEST_SUBMISSION} megabytes at most: platforms lose larger uploads silently")
    return Competition(
        **texts,
        registrations=top.choice("registrations", Registrations, Registrations.MODERATED),
        queue=queue,
        submission_rule=top.choice("submission_rule", SubmissionRule, SubmissionRule.FORCE_BEST),
        leaderboard=_leaderboard(top),
        fact_sheet=_fact_sheet(top),
        max_submission_size=size,
        phases=read_phases(top, queue),
        **switches,
    )


def _queue(top: EntryReader) -> Queue:
    """`public`, or a mapping of the limit of the workers and, where the queue is one's own, its id."""
    value: Any = top.entries.get("queue")
    if value in (None, "public"):
        return PUBLIC_QUEUE
    if not isinstance(value, dict):
        top.fault("queue", f"public is needed, or a mapping as {{vhost: ..., time_limit: 7200}}, not {shown(value)}")
        return PUBLIC_QUEUE
    entry = top.inner("queue").only([item.name for item in fields(Queue)])
    vhost = entry.text("vhost") if "vhost" in entry.entries else None
    if vhost:
        try:
            vhost = str(UUID(vhost))
        except ValueError:
            entry.fault(
                "vhost", f"the queue's Vhost is needed, as Resources > Queues > View Queue Detail shows it, not {shown(vhost)}"
            )
    return Queue(vhost, entry.whole("time_limit"))


def _leaderboard(top: EntryReader) -> tuple[str, ...]:
    """`all`, or score keys of a protocol; which one it is, the data says."""
    value: Any = top.entries.get("leaderboard")
    if value in (None, "all"):
        return ()
    if not isinstance(value, list):
        top.fault("leaderboard", f"all is needed, or a list of score keys, not {shown(value)}")
        return ()
    chosen = tuple(str(key) for key in value)
    tables = {protocols.get(name, task).summary.keys for name in protocols.names() for task in protocols.tasks(name)}
    keys = max(sorted(tables), key=lambda table: len(set(table) & set(chosen)))
    if chosen != tuple(key for key in keys if key in chosen):
        top.fault("leaderboard", f"use keys of {', '.join(keys)}, each at most once, in this order")
    elif chosen[:1] != keys[:1]:
        top.fault("leaderboard", f"{keys[0]} decides the ranking and cannot be left out")
    return chosen


def _fact_sheet(top: EntryReader) -> tuple[Question, ...]:
    value: Any = top.entries.get("fact_sheet")
    if value is None:
        return DEFAULTS["fact_sheet"]  # type: ignore[return-value]
    if value == "none":
        return ()
    content = top.inner("fact_sheet")
    if not content.entries:
        top.fault("fact_sheet", f"none is needed, or questions as `team: {{title: Team}}`, not {shown(value)}")
    questions = []
    for key in content.entries:
        entry = content.inner(key).only(("title", "required", "on_leaderboard"))
        if not _QUESTION_KEY.fullmatch(str(key)):
            content.fault(key, "a key is of small letters, digits and _, begins with a letter and has at most 30 characters")
        questions.append(Question(str(key), entry.text("title"), entry.yes("required", False), entry.yes("on_leaderboard", True)))
    return tuple(questions)
