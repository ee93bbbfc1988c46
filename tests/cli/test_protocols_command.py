"""`lvos-eval protocols`: the list of the benchmarks, and the rules of each."""

from __future__ import annotations

import json

import pytest

from lvos_eval import protocols
from lvos_eval.cli.main import main
from lvos_eval.protocols.contract import MaskEncoding, Measures, Pairing
from lvos_eval.protocols.registry import NOT_PUBLIC


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["protocols", *arguments]) == 0
    return capsys.readouterr().out


def test_the_list_has_every_name_and_those_that_cannot_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    scored, _, rest = printed(capsys).partition("\n\nNot scored here, because nobody can check the numbers")
    rows = [line.split("  ", 1) for line in scored.splitlines()]
    found = {name: protocols.get(name, protocols.tasks(name)[0]) for name in protocols.names()}
    assert {name: text.strip() for name, text in rows} == {name: one.description for name, one in found.items()}
    assert all(f"\n{name} " in rest and reason in rest for name, reason in NOT_PUBLIC.items())
    assert not set(NOT_PUBLIC) & set(protocols.names())


@pytest.mark.parametrize("name", protocols.names())
def test_the_rules_of_each_name_repository_and_commit_frames_and_scores(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, name)
    for task in protocols.tasks(name):
        found = protocols.get(name, task)
        for words in (found.source, found.frame_rule.description, ", ".join(found.summary.keys), *found.quirks):
            assert words in text, words
        assert f"  {task}\n" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_rules_say_how_masks_are_named_and_read(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "vost")
    assert "  ground truth          Annotations/<video>/frame<5 digits>.png\n" in text
    assert "  objects               every label from 1 to the highest one of the video's first mask\n" in text
    assert "  other labels          are background, with a warning\n" in text
    assert "  measures              J\n" in text
    assert "  lower is better       J-Decay, J_last-Decay\n" in text
    text = printed(capsys, "visor")
    assert "  videos                ImageSets/2017/<set>.txt or ImageSets/2022/<set>.txt\n" in text
    assert "  other labels          make a submission invalid\n" in text
    assert (
        "  measures              J and F, with a tolerance of 0.008 of the frame's diagonal, rounded up to whole pixels\n" in text
    )


def test_every_way_to_read_and_to_compare_masks_has_words(capsys: pytest.CaptureFixture[str]) -> None:
    every = [protocols.get(name, task) for name in protocols.names() for task in protocols.tasks(name)]
    assert {found.encoding for found in every} == set(MaskEncoding)
    assert {found.pairing for found in every} == set(Pairing)
    assert {found.measures for found in every} == set(Measures)
    assert main(["protocols", "lvos-v2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["protocols"]
    assert [rules["task"] for rules in found] == list(protocols.tasks("lvos-v2"))
    assert found[0]["compared"] == "each object with the label of the same number"


def test_an_unknown_name_is_an_error_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["protocols", "davis"])
    assert left.value.code == 2
    assert "davis-2017" in capsys.readouterr().err
