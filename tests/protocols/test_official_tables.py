"""The tables of the official LVOS toolkit, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

import goldens
from lvos_eval.cli.main import main

RUNS = (
    ("semi-supervised", "good"),
    ("semi-supervised", "poor"),
    ("semi-supervised", "edge"),
    ("unsupervised_multiple", "prop"),
    ("unsupervised_multiple", "poor"),
    ("unsupervised_single", "salient"),
)


@pytest.mark.parametrize(("task", "name"), RUNS)
def test_both_tables_are_those_of_the_official_toolkit(task: str, name: str, tmp_path: Path) -> None:
    options = ["--reference", str(goldens.REFERENCE), "--output", str(tmp_path), "--task", task, "--jobs", "1", "--quiet"]
    assert main(["score", str(goldens.prediction(name)), *options]) == 0
    for table, suffix in (("global_results-valid.csv", "global"), ("per-sequence_results-valid.csv", "per-sequence")):
        wanted = (goldens.GOLDENS / "expected" / f"{task}__{name}.cli_{suffix}.csv").read_bytes()
        assert (tmp_path / "official" / table).read_bytes() == wanted
