"""The protocols by name, and that nothing beside them asks which one it is."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path

import pytest

from lvos_eval import protocols
from lvos_eval.protocols import registry
from lvos_eval.protocols.contract import JF, ONE_GROUP, EvaluationProtocol, MaskEncoding, Pairing, Task
from lvos_eval.reference.readers import READERS

EVERY = [protocols.get(name, task) for name in protocols.names() for task in protocols.tasks(name)]


def test_lvos_is_two_rules_and_three_tasks() -> None:
    lvos = [protocol for protocol in EVERY if protocol.name.startswith("lvos")]
    assert [(protocol.name, protocol.task) for protocol in lvos] == [
        (name, task) for name in ("lvos-v1", "lvos-v2") for task in Task
    ]


def test_the_rules_of_lvos_differ_in_frames_lists_and_source_only() -> None:
    one, other = protocols.get("lvos-v1"), protocols.get("lvos-v2")
    differ = {name for name in EvaluationProtocol.__dataclass_fields__ if getattr(one, name) != getattr(other, name)}
    assert differ - {"statistics"} == {"name", "description", "source", "frame_rule", "group_list"}
    assert [found.name for found in one.statistics] == [found.name for found in other.statistics]


def test_the_tasks_of_lvos_differ_in_how_masks_are_read_and_matched() -> None:
    found = [protocols.get("lvos-v2", task) for task in Task]
    assert [(protocol.encoding, protocol.pairing) for protocol in found] == [
        (MaskEncoding.LABEL_MAP, Pairing.BY_ID),
        (MaskEncoding.LABEL_MAP, Pairing.ASSIGNMENT),
        (MaskEncoding.SALIENCY, Pairing.BY_ID),
    ]


def test_what_rescore_keeps_goes_by_how_masks_are_read_and_matched() -> None:
    """The values that it keeps serve every protocol that reads, matches and measures masks alike, and no other."""

    def way(found: EvaluationProtocol) -> tuple[object, ...]:
        return found.encoding, found.pairing, found.assignment, found.ignored_label, found.measures

    assert len({protocol.reading for protocol in EVERY}) == len(set(map(way, EVERY)))
    alike = {protocols.get(name).reading for name in ("lvos-v1", "lvos-v2", "davis-2017", "vost", "vos-benchmark")}
    assert len(alike) == 1


@pytest.mark.parametrize("protocol", EVERY, ids=lambda protocol: f"{protocol.name}, {protocol.task}")
def test_every_protocol_says_of_what_less_is_better(protocol: EvaluationProtocol) -> None:
    """Instability and decay: whatever compares results asks for it, and would call a steadier tracker the worse one."""
    summary = protocol.summary
    known = {*summary.keys, *(statistic.name for statistic in protocol.statistics)}
    assert summary.lower_is_better == {name for name in known if re.search(r"^V$|^V-|Decay|^[JF]-D", name)}


@pytest.mark.parametrize("protocol", EVERY, ids=lambda protocol: f"{protocol.name}, {protocol.task}")
def test_every_protocol_is_whole(protocol: EvaluationProtocol) -> None:
    summary = protocol.summary
    assert re.fullmatch(r"github\.com/[\w-]+/[\w-]+ at [0-9a-f]{7}", protocol.source)
    assert len(protocol.description.splitlines()) == 1
    assert "J" in {statistic.name for statistic in protocol.statistics}
    assert JF not in {statistic.name for statistic in protocol.statistics}
    assert set(summary.headline) <= set(summary.keys)
    assert {key for key in summary.keys if key.startswith("V-") or key.endswith("-Decay")} <= summary.lower_is_better
    assert {key for row in summary.table.rows for key in row.keys} | {summary.keys[0]} == set(summary.keys)
    assert all(len(row.keys) == len(summary.table.columns) for row in summary.table.rows)
    assert (summary.groups == ONE_GROUP) is (protocol.group_list is None)
    assert protocol.layout.name(1) == protocol.layout.prefix + "1".rjust(protocol.layout.digits, "0")
    assert protocol.videos in READERS


def test_an_unknown_name_or_task_says_what_there_is() -> None:
    with pytest.raises(protocols.UnknownProtocolError, match=r"^there is no protocol 'lvos'; use one of: lvos-v1, lvos-v2"):
        protocols.get("lvos")
    with pytest.raises(protocols.UnknownProtocolError, match=r"^lvos-v2 has no task 'x'; it has: semi-supervised, "):
        protocols.get("lvos-v2", "x")


def test_the_examples_hold() -> None:
    assert doctest.testmod(registry).failed == 0


def test_the_schema_of_results_knows_every_protocol() -> None:
    schema = json.loads((Path(protocols.__file__).parents[3] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    assert sorted(schema["properties"]["settings"]["properties"]["protocol"]["enum"]) == sorted(protocols.names())


def test_nothing_else_asks_for_a_protocol_or_task_by_name() -> None:
    package = Path(protocols.__file__).parents[1]
    named = rf"""["']({"|".join(protocols.names())})["']"""
    asks = re.compile(rf"(==|is|is not|!=|in) (Task\.|{named})|\b(get|rules)\({named}")
    others = [path for path in package.rglob("*.py") if path.parent.name != "protocols"]
    assert len(others) > 90
    assert [str(path) for path in others if asks.search(path.read_text())] == []
