"""Reading results back from their files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval import protocols
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.untrusted_json import MAX_COUNT, MAX_LABEL, MAX_SCORE, Value, read_document
from lvos_eval.protocols import EvaluationProtocol
from lvos_eval.protocols.contract import ADAPTED, ADAPTED_JF, JF, ONE_GROUP, quality
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.output_folder import DETAILS_FILE
from lvos_eval.reporting.result_document import DETAILS_FORMAT
from lvos_eval.scoring.results import ObjectFrame, PublishedObject

__all__ = ["Result", "read_frames", "read_protocol", "read_result"]


@dataclass(frozen=True, slots=True)
class Result:
    """A scored submission, read back from its details."""

    label: str
    signature: str
    scores: Mapping[str, float]
    """By key, as shares of the best possible one."""
    objects: tuple[PublishedObject, ...]
    videos: Mapping[str, float]
    """J&F of each video."""
    detail: Disclosure = Disclosure.FULL
    """Public: its numbers are rounded, and so is what is computed from them."""
    protocol: EvaluationProtocol | None = None
    file: Path | None = None
    """Where it was read from."""


def read_result(path: Path) -> Result:
    """The result in a results folder or a details file. Raises UsageError if it is none, or has no scores."""
    file = path / DETAILS_FILE if path.is_dir() else path
    content = read_document(file)
    content.require_format(DETAILS_FORMAT)
    if not content.has("scores"):
        raise UsageError(
            f"{printable(str(file))} holds no scores (its state is {content['state'].shown}): there is nothing to compare"
        )
    protocol = read_protocol(content["settings"])
    most = MAX_SCORE * protocol.summary.perfect
    result = Result(
        printable(str(path)),
        content["signature"].text(),
        {
            key: value.number(-most if key in protocol.summary.signed else 0, most) / protocol.summary.perfect
            for key, value in content["scores"].fields()
        },
        tuple(_object(item, protocol) for item in content["objects"].items()),
        {item["video"].text(): _both(item) for item in content["videos"].items()},
        # a result that does not say so has all digits
        Disclosure(content["detail"].one_of(list(Disclosure))) if content.has("detail") else Disclosure.FULL,
        protocol,
        file,
    )
    seen: set[tuple[str, int]] = set()
    for score, item in zip(result.objects, content["objects"].items(), strict=True):
        if (score.video, score.object_id) in seen:
            raise item.refuse(f"another object than {score.video}/{score.object_id}, which is there already")
        seen.add((score.video, score.object_id))
    return result


def read_frames(file: Path, objects: Collection[tuple[str, int]]) -> dict[tuple[str, int], tuple[ObjectFrame, ...]]:
    """J and F in every frame of some objects, of those that the details hold them for: of none where the result is public.

    Raises UsageError for what is no result.
    """
    content = read_document(file)
    content.require_format(DETAILS_FORMAT)
    if not content.has("frames"):
        return {}
    frames = content["frames"]
    found = {}
    for video, object_id in objects:
        if frames.has(f"{video}/{object_id}"):
            found[video, object_id] = _object_frames(frames[f"{video}/{object_id}"], object_id)
    return found


def _object_frames(item: Value, object_id: int) -> tuple[ObjectFrame, ...]:
    numbers = [value.whole(0, MAX_COUNT) for value in item["frame"].items()]
    j, f = ([value.number(0, 1) for value in item[name].items()] for name in ("J", "F"))
    visible = [value.flag() for value in item["visible"].items()]
    if not len(numbers) == len(j) == len(f) == len(visible) or numbers != sorted(set(numbers)) or not numbers:
        raise item.refuse("an object with as many values of J, F and visible as frames, which rise")
    return tuple(ObjectFrame(object_id, *values) for values in zip(numbers, j, f, visible, strict=True))


def _both(item: Value) -> float:
    """J&F, which a video need not be written with; J where there is no F."""
    for name in (ADAPTED_JF, JF):
        if item.has(name):
            return item[name].number(0, 1)
    return quality({name: item[name].number(0, 1) for name in ("J", "F") if item.has(name)})


def read_protocol(settings: Value) -> EvaluationProtocol:
    """The protocol that a document names in its settings. Raises UsageError for one that is not known here."""
    try:
        return protocols.get(settings["protocol"].text(), settings["task"].text())
    except protocols.UnknownProtocolError as error:
        raise settings["protocol"].refuse(f"a protocol of this program ({error})") from None


_COMPARED: Final = ("J", "F", ADAPTED, "V")
"""The statistics that are read back, all from 0 to 1."""


def _object(item: Value, protocol: EvaluationProtocol) -> PublishedObject:
    groups = protocol.summary.groups
    names = [statistic.name for statistic in protocol.statistics if statistic.name in _COMPARED]
    return PublishedObject(
        item["video"].text(),
        item["object"].whole(0, MAX_LABEL),
        groups[0] if groups == ONE_GROUP else item["split"].one_of(groups),
        tuple(attribute.text() for attribute in item["attributes"].items()),
        item["frames"].whole(0, MAX_COUNT),
        {name: item[name].number(0, 1) for name in names},
        _both(item),
        item["proposal"].whole(0, MAX_LABEL) if item.has("proposal") else None,
    )
