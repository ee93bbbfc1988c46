"""The phases of a competition: each on its own, and one after the other."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Any, Final

from competition.settings.model import DEADLINE_MARGIN, Phase, Queue, Source
from competition.settings.reading import EntryReader, shown
from lvos_eval import protocols
from lvos_eval.protocols.contract import Task

__all__ = ["read_phases"]

NEVER: Final = "never"
_KEY: Final = re.compile("[a-z][a-z0-9_-]*")
"""A phase's key becomes part of file names."""
_KNOWN: Final = tuple("set" if item.name == "image_set" else item.name for item in fields(Phase) if item.name != "key")
_LATE: Final = datetime.max.replace(tzinfo=UTC)


def read_phases(top: EntryReader, queue: Queue) -> tuple[Phase, ...]:
    """The phases below `phases`, in the order of the file; what is wrong with them goes to the reader's faults."""
    content = top.inner("phases")
    if not content.entries:
        top.fault("phases", "at least one is needed, as `final: {name: ..., start: ..., end: ...}`")
        return ()
    for key in content.entries:
        if not _KEY.fullmatch(str(key)):
            content.fault(key, "a key is made of small letters, digits, - and _, and begins with a letter")
    phases = tuple(_phase(str(key), content.inner(key), queue) for key in content.entries)
    if not top.faults:
        for earlier, later in pairwise(phases):
            if later.start < (earlier.end or _LATE):
                content.fault(later.key, f"it starts before phases.{earlier.key} ends; the platforms take one phase at a time")
    return phases


def _phase(key: str, entry: EntryReader, queue: Queue) -> Phase:
    entry.only(_KNOWN)
    start = entry.time("start") or datetime(1970, 1, 1, tzinfo=UTC)
    end = None if entry.entries.get("end") == NEVER else entry.time("end") or _LATE
    if end is not None and end <= start:
        entry.faults.append(f"{entry.where}: it ends before it starts")
    if start.time() != time():
        entry.fault("start", "a phase starts at 00:00:00 UTC, because CodaLab knows days only")
    return Phase(
        key=key,
        name=entry.text("name"),
        description=entry.text("description"),
        data=entry.choice("data", Source, Source.REFERENCE),
        start=start,
        end=end,
        max_submissions=entry.whole("max_submissions"),
        max_submissions_per_day=entry.whole("max_submissions_per_day"),
        time_limit=_time_limit(entry, queue),
        protocol=_protocol(entry),
        task=entry.choice("task", Task, Task.SEMI_SUPERVISED) if "task" in entry.entries else None,
        image_set=entry.text("set") if "set" in entry.entries else None,
        masks=_masks(entry, queue),
    )


def _time_limit(entry: EntryReader, queue: Queue) -> int:
    limit = entry.whole("time_limit", default=queue.time_limit or None)
    if 0 < limit <= DEADLINE_MARGIN:
        entry.fault("time_limit", f"more than {DEADLINE_MARGIN} seconds are needed")
    elif limit > queue.time_limit > 0:
        entry.fault(
            "time_limit",
            f"the queue ends every run after {queue.time_limit} seconds; lower it, or give a `queue` of your own",
        )
    return limit


def _protocol(entry: EntryReader) -> str | None:
    value: Any = entry.entries.get("protocol")
    if value is not None and value not in protocols.names():
        entry.fault("protocol", f"one of {', '.join(protocols.names())} is needed, not {shown(value)}")
        return None
    return value  # type: ignore[no-any-return]


def _masks(entry: EntryReader, queue: Queue) -> str | None:
    value: Any = entry.entries.get("masks")
    if value is None:
        return None
    if not isinstance(value, str) or not value.startswith("/") or ".." in value.split("/"):
        entry.fault(
            "masks",
            f"the folder of the masks in the worker is needed, such as /app/data/lvos_test/Annotations, not {shown(value)}",
        )
        return None
    if queue.vhost is None:
        entry.fault("masks", "only your own workers have masks on them; name their `queue: {vhost: ..., time_limit: ...}`")
    return value.rstrip("/")
