"""The benchmark: what it measures is what it says it measures, on a set that takes no time."""

from pathlib import Path

import pytest

from perf import bench
from perf.bench import DATA, DOCUMENT, MARK, Bench, main
from perf.data import Request, generate
from perf.figures import FIGURES, Figure, Outcome, table
from perf.process import ROOT, measure


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every data set of the benchmark is the tiny one."""
    folder = tmp_path_factory.mktemp("bench")
    generate(folder / "tiny", Request("tiny", zipped=True), jobs=1)
    for name in set(DATA) - {"tiny"}:
        (folder / name).symlink_to("tiny")
    return folder


def titles(text: str) -> list[str]:
    """The first cells of the rows of a Markdown table."""
    return [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")][1:]


@pytest.mark.slow
def test_a_round_has_every_figure_and_goes_into_the_documentation(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "speed.md"
    document.write_text(f"before\n{MARK}old\n{MARK}after\n")
    monkeypatch.setattr(bench, "DOCUMENT", document)
    assert main(["--rounds", "1", "--data", str(data), "--against", str(ROOT), "--write"]) == 0
    text = capsys.readouterr().out
    assert titles(text)[: len(FIGURES)] == [figure.title for figure in FIGURES]
    assert "good: here / there" in titles(text)
    assert text.endswith(" pairs of J and F of the textbook program and of ours: 0 differ in any bit.\n")
    assert document.read_text() == f"before\n{MARK}{text}{MARK}after\n"


@pytest.mark.slow
def test_a_value_that_differs_from_the_textbook_is_counted(data: Path, tmp_path: Path) -> None:
    found = Bench(data, tmp_path)
    found.values["bad"] = dict.fromkeys(found.values["bad"], (0.5, 0.5))
    dict(found.trials(0))
    assert 0 < found.different < found.compared


def test_the_documented_figures_are_those_that_are_measured() -> None:
    assert titles(DOCUMENT.read_text().split(MARK)[1]) == [figure.title for figure in FIGURES]


def test_missing_data_is_said_with_the_command_that_makes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "make bench-data" in capsys.readouterr().err


def test_a_quotient_is_taken_within_a_round_and_then_the_median() -> None:
    rounds = [{"over": Outcome(0, over, 0, 0), "under": Outcome(0, under, 0, 0)} for over, under in ((8, 2), (30, 10), (9, 1))]
    row = table([Figure("title", "over", "under", at_least=3)], rounds).splitlines()[-1]
    assert row == "| title | 4.00 | 3.00 to 9.00 | at least 3 |"


@pytest.mark.parametrize(
    ("figure", "value", "missed"),
    [
        (Figure("speed", "a", at_least=20), 20.0, False),
        (Figure("speed", "a", at_least=20), 19.99, True),
        (Figure("memory", "a", at_most=120), 120.0, False),
        (Figure("memory", "a", at_most=120), 120.1, True),
    ],
)
def test_a_target_is_met_at_its_limit_and_missed_beyond(figure: Figure, value: float, missed: bool) -> None:
    assert figure.verdict(value).endswith(" (missed)") is missed


def test_a_process_is_measured_with_its_children() -> None:
    work = "sum(range(10**7)); memory = bytearray(10**8); import time; time.sleep(0.3)"
    usage = measure(["-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"])
    assert usage.cpu_seconds > 0.1
    assert usage.seconds > 0.3
    assert usage.peak_mb > 100
    assert usage.processes == 2
