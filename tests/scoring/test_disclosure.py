"""Every output of every command that shows public results is made from rounded numbers, and a public run has no others."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

import goldens
import lvos_eval.scoring.run
from lvos_eval import protocols
from lvos_eval.cli.main import main, platform_main
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.reference.settings import Disclosure
from lvos_eval.rescoring.discovery import StoredSubmission
from lvos_eval.rescoring.leaderboard import leaderboard, place_of
from lvos_eval.scoring.aggregation import score_objects
from lvos_eval.scoring.publication import publish
from lvos_eval.scoring.results import ObjectScore, PublishedScores, Report, State
from submissions import score

SUMMARY: Final = protocols.get("lvos-v2").summary

NOISE: Final = 1e-9
"""What public outputs must not show."""


def objects(*values: float, unseen: bool = False, proposal: int | None = None) -> list[ObjectScore]:
    return [
        ObjectScore(
            f"v{number}", 1, "unseen" if unseen else "seen", ("OCC",), 9, {"J": value, "F": value / 3, "V": value / 7}, proposal
        )
        for number, value in enumerate(values)
    ]


class TestPublish:
    """The one place where numbers are rounded."""

    def test_full_detail_has_all_digits(self) -> None:
        scores = publish(objects(1 / 3, 2 / 3), SUMMARY, Disclosure.FULL)
        assert [item.values["J"] for item in scores.objects] == [1 / 3, 2 / 3]
        assert scores.objects[0].jf == (1 / 3 + 1 / 9) / 2

    def test_public_detail_has_six_decimals_in_the_scores_and_three_elsewhere(self) -> None:
        full, public = (
            publish([*objects(1 / 3, 2 / 3, 0.4567), *objects(0.1, 0.7, unseen=True)], SUMMARY, d)
            for d in (Disclosure.FULL, Disclosure.PUBLIC)
        )
        assert public.values == {key: round(value, 6) for key, value in full.values.items()}
        assert full.object_mean is not None
        assert public.object_mean == round(full.object_mean, 3)
        assert public.interval is not None and full.interval is not None
        assert (public.interval.low, public.interval.high) == (round(full.interval.low, 3), round(full.interval.high, 3))
        assert public.group_means == {name: round(value, 3) for name, value in full.group_means.items()}
        for name in ("objects", "videos", "attributes"):
            for shown, exact in zip(getattr(public, name), getattr(full, name), strict=True):
                if name == "attributes":
                    assert (shown.j, shown.f) == (round(exact.j, 3), round(exact.f, 3))
                else:
                    assert shown.values == {key: round(value, 3) for key, value in exact.values.items()}
                assert shown.jf == round(exact.jf, 3)

    def test_a_mean_is_rounded_from_its_exact_value_and_not_taken_over_rounded_ones(self) -> None:
        public = publish(
            [replace(item, video="one", object_id=number) for number, item in enumerate(objects(0.1004, 0.2004, 0.3004))],
            SUMMARY,
            Disclosure.PUBLIC,
        )
        assert [item.values["J"] for item in public.objects] == [0.1, 0.2, 0.3]
        assert public.values["J-Mean"] == 0.2004
        assert publish(objects(0.10049, 0.10052), SUMMARY, Disclosure.PUBLIC).attributes[0].j == 0.101

    def test_what_rounds_to_zero_has_no_sign(self) -> None:
        scores = publish([replace(item, values={**item.values, "F": -1e-9}) for item in objects(0.5)], SUMMARY, Disclosure.PUBLIC)
        assert str(scores.objects[0].values["F"]) == "0.0"

    def test_the_label_that_was_matched_is_for_full_detail_only(self) -> None:
        """Which of two labels fits better is an exact comparison with hidden masks, and 20 labels can be sent at once."""
        assert publish(objects(0.5, proposal=7), SUMMARY, Disclosure.FULL).objects[0].proposal == 7
        assert publish(objects(0.5, proposal=7), SUMMARY, Disclosure.PUBLIC).objects[0].proposal is None

    def test_attributes_are_in_the_order_of_the_values_that_are_shown(self) -> None:
        made = [
            replace(objects(0.50002)[0], video="a", attributes=("A",)),
            replace(objects(0.50001)[0], video="b", attributes=("B",)),
        ]
        assert [row.name for row in publish(made, SUMMARY, Disclosure.FULL).attributes] == ["B", "A"]
        assert [row.name for row in publish(made, SUMMARY, Disclosure.PUBLIC).attributes] == ["A", "B"]


@pytest.mark.parametrize(("detail", "ranks"), [(Disclosure.PUBLIC, [1, 1, 3]), (Disclosure.FULL, [1, 2, 3])])
def test_ranks_follow_the_values_that_are_shown(detail: Disclosure, ranks: list[int]) -> None:
    def reported(value: float) -> Report:
        scores = publish([*objects(value), *objects(value, unseen=True)], SUMMARY, detail)
        return Report(State.SCORED, "1", "lvos-v2", "semi-supervised", scores=scores)

    places = [
        place_of(StoredSubmission(Path(name), name, name, name), reported(value))
        for name, value in (("a", 0.5), ("b", 0.5 + 1e-8), ("c", 0.4))
    ]
    assert [place.rank for place in leaderboard(places, SUMMARY, "version:1", {}).ranked] == ranks


def test_a_public_result_holds_no_values_by_frame() -> None:
    public, full = (
        score(goldens.prediction("poor"), goldens.REFERENCE, detail=detail) for detail in (Disclosure.PUBLIC, Disclosure.FULL)
    )
    assert public.frames is None
    assert full.frames is not None and full.frames.values


def test_a_public_run_does_not_make_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError

    for name in ("FrameDetails", "_frame_details"):
        monkeypatch.setattr(lvos_eval.scoring.run, name, never)
    options = ["--reference", str(goldens.REFERENCE), "--output", str(tmp_path), "--jobs", "1", "--quiet"]
    assert main(["score", str(goldens.prediction("poor")), *options, "--detail", "public"]) == 0
    assert main(["score", str(goldens.prediction("poor")), *options]) == 70


def disturb(patch: pytest.MonkeyPatch, seed: int) -> None:
    """Adds a little to every mean of every object, anew for each submission."""
    chance = random.Random(seed)

    def disturbed(*arguments: Any) -> list[ObjectScore]:
        def shift(value: float) -> float:
            # a value that lies where rounding changes stays what it is
            tie = abs(1000 * value % 1 - 0.5) < 1e-3
            return value if tie else value + chance.uniform(-NOISE, NOISE)

        return [
            replace(item, values={name: shift(value) for name, value in item.values.items()})
            for item in score_objects(*arguments)
        ]

    patch.setattr(lvos_eval.scoring.run, "score_objects", disturbed)


def run_commands(folder: Path, seed: int | None, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, str]:
    """Every output of every command, by command and name; `seed` of the disturbance, None for none."""
    folder.mkdir()
    texts: dict[str, str] = {}
    (folder / "in").mkdir()
    (folder / "in" / "ref").symlink_to(goldens.REFERENCE)
    (folder / "in" / "res").symlink_to(goldens.prediction("poor"))
    stored = folder / "stored"
    for name, kind in (("one", "poor"), ("other", "poor"), ("third", "good")):
        shutil.copytree(goldens.prediction(kind), stored / name)
    common = ["--jobs", "1", "--quiet", *options]
    reference = ["--reference", str(goldens.REFERENCE)]
    out = folder / "out"
    public = ["--detail", "public", *common]
    poor, proposals = str(goldens.prediction("poor")), str(goldens.prediction("prop"))
    several = ["--task", "unsupervised_multiple"]
    results = [str(out / "rescore" / "results" / name) for name in ("one", "third")]
    boards = [str(out / "rescore"), str(out / "moved")]
    commands = {
        "evaluate": (platform_main, [str(folder / "in"), str(out / "evaluate"), *common]),
        "evaluate json": (platform_main, [str(folder / "in"), str(out / "evaluate json"), "--json", *common]),
        "score": (main, ["score", poor, *reference, "--output", str(out / "score"), *public]),
        "score proposals": (main, ["score", proposals, *reference, "--output", str(out / "proposals"), *several, *public]),
        "rescore": (main, ["rescore", str(stored), *reference, "--output", str(out / "rescore"), *common]),
        "rescore json": (main, ["rescore", str(stored), *reference, "--output", str(out / "again"), "--json", *common]),
        "compare": (main, ["compare", *results, "--html", str(out / "compare.html")]),
        "compare json": (main, ["compare", *results, "--json"]),
        "compare boards": (main, ["compare", *boards, "--html", str(out / "boards.html")]),
        "compare boards json": (main, ["compare", *boards, "--json"]),
    }
    with pytest.MonkeyPatch.context() as patch:
        if seed is not None:
            disturb(patch, seed)
        for name, (command, arguments) in commands.items():
            if name == "compare boards":
                # the same board with the results of two submissions exchanged
                shutil.copytree(out / "rescore", out / "moved", ignore=shutil.ignore_patterns(".store"))
                for one, other in (("one", "swap"), ("third", "one"), ("swap", "third")):
                    (out / "moved" / "results" / one).rename(out / "moved" / "results" / other)
            code = command(arguments)
            printed = capsys.readouterr()
            assert code in (0, 1), printed.err
            texts |= {f"{name}: stdout": printed.out, f"{name}: stderr": printed.err}
    shutil.rmtree(out / "moved")
    for path in out.rglob("*"):
        if path.is_file() and ".store" not in path.parts:
            texts[path.relative_to(out).as_posix()] = path.read_text()
    return {name: text.replace(str(folder), "") for name, text in texts.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disclosure")


def once(folder: Path, name: str, seed: int | None, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    cache = folder / f"{name}.json"
    if not cache.exists():
        cache.write_text(json.dumps(run_commands(folder / name, seed, capsys)))
    content: dict[str, str] = json.loads(cache.read_text())
    return content


@pytest.fixture
def shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What all commands show of the golden submissions."""
    return once(folder, "shown", None, capsys)


@pytest.fixture
def disturbed(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return once(folder, "disturbed", 1, capsys)


def test_no_output_shows_what_is_below_the_decimals(shown: dict[str, str], disturbed: dict[str, str]) -> None:
    """Neither as a number nor in an order, a place in a picture or a rank."""
    assert {name for name in shown if shown[name] != disturbed.get(name)} == set()
    assert shown.keys() == disturbed.keys()


def test_equal_published_scores_share_a_rank(disturbed: dict[str, str]) -> None:
    board = json.loads(disturbed["rescore/leaderboard.json"])
    assert [(item["rank"], item["name"]) for item in board["submissions"]] == [(1, "third"), (2, "one"), (2, "other")]


def test_full_detail_shows_it(shown: dict[str, str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The test above would see a difference if there were one."""
    with pytest.MonkeyPatch.context() as patch:
        disturb(patch, 1)
        options = ["--reference", str(goldens.REFERENCE), "--output", str(folder / "full"), "--jobs", "1", "--quiet"]
        assert main(["score", str(goldens.prediction("poor")), *options]) == 0
    full = json.loads((folder / "full" / "scoring_details.json").read_text())
    assert full["scores"] != json.loads(shown["score/scores.json"])
    assert full["detail"] == "full"


def floats(content: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number with a fraction, under its keys."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from floats(value, f"{path}/{key}")
    elif isinstance(content, list):
        for value in content:
            yield from floats(value, path)
    elif isinstance(content, float):
        yield path, content


def decimals(path: str) -> int:
    """How many a number may have, by where it is."""
    return 6 if re.search(r"/scores(/|$)|^/(Overall|[JFV]-)|/moves/", path) else 3


def test_every_number_of_every_document_is_rounded(shown: dict[str, str]) -> None:
    documents = {name: text for name, text in shown.items() if name.endswith((".json", "json: stdout"))}
    assert len(documents) >= 9
    for name, text in documents.items():
        for path, value in floats(json.loads(text)):
            assert value == round(value, decimals(path)), (name, path)


def test_every_number_of_the_tables_is_rounded(shown: dict[str, str]) -> None:
    for name in ("rescore/leaderboard.csv", "again/leaderboard.csv"):
        for row in csv.DictReader(io.StringIO(shown[name])):
            for key in (*SCORE_KEYS, "low", "high", "J&F-objects"):
                assert row[key] == str(round(float(row[key]), 6 if key in SCORE_KEYS else 3))
    for name, text in shown.items():
        if name.endswith("scores.txt"):
            values = [line.split(": ")[1] for line in text.splitlines()]
            assert values == [f"{round(float(value), 6):.10f}" for value in values]
    for row in csv.DictReader(io.StringIO(shown["score/objects.csv"])):
        for key in ("J&F", "J", "F", "V"):
            assert row[key] == str(round(float(row[key]), 3))
    assert not any("official/" in name for name in shown)


def test_no_page_and_no_text_has_a_number_with_more_decimals(shown: dict[str, str]) -> None:
    """In percent four for the ten scores, one for the rest; pictures have whole and half-tenth steps of what is shown."""
    for name, text in shown.items():
        if name.endswith((".html", "stdout", "stderr")) and not name.endswith("json: stdout"):
            visible = re.sub(r"<style>.*?</style>|<script>.*?</script>|sha256-[\w+/=]+", "", text, flags=re.DOTALL)
            found = [n for n in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", visible) if len(n.split(".")[1]) > 3]
            assert found == [], name


def exact_numbers(scores: PublishedScores) -> Iterator[float]:
    yield from scores.values.values()
    assert scores.object_mean is not None
    yield scores.object_mean
    for item in (*scores.objects, *scores.videos, *scores.attributes):
        yield from (getattr(item, measure) for measure in ("j", "f", "v", "jf") if hasattr(item, measure))


@pytest.mark.slow
def test_no_exact_number_stands_in_any_output(shown: dict[str, str]) -> None:
    for kind in ("poor", "good"):
        report = score(goldens.prediction(kind), goldens.REFERENCE).report
        assert report.scores is not None
        exact = {value for value in exact_numbers(report.scores) if value != round(value, 6)}
        assert len(exact) > 10
        for value in exact:
            for text in (f"{value:.8f}"[1:], f"{100 * value:.6f}"):
                assert [name for name in shown if text in shown[name]] == []
