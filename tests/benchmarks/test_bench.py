"""The benchmark: what it measures is what it says it measures, on a set that takes no time."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks import usual
from benchmarks.bench import BASELINE, main
from benchmarks.dataset import DataSet
from benchmarks.figures import FIGURES, Measured
from benchmarks.make_data import Request, generate
from benchmarks.plan import DATA_SETS
from benchmarks.results import SAME, Run
from benchmarks.steps import watched
from benchmarks.tables import WIDTH, comparison, markdown
from benchmarks.trial import ROOT
from lvos_eval.metrics import definition

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every data set of the benchmark is the tiny one."""
    folder = tmp_path_factory.mktemp("bench")
    generate(folder / "tiny", Request("tiny", zipped=True), jobs=1)
    for name in DATA_SETS:
        (folder / name).symlink_to("tiny")
    return folder


@pytest.fixture(scope="module")
def stored(data: Path) -> Path:
    """The results of one round."""
    path = data / "results" / "one.json"
    assert main(["--quick", "--data", str(data), "--output", str(path)]) == 0
    return path


def test_a_round_gives_every_figure(stored: Path) -> None:
    figures = json.loads(stored.read_text())["figures"]
    # the figure of all cores is there on machines with more than two
    assert {figure.key for figure in FIGURES} - figures.keys() <= {"all-cores", "memory-worker"}
    assert all(figure["median"] > 0 for figure in figures.values())


def test_a_round_has_the_outcome_of_every_trial(stored: Path) -> None:
    content = json.loads(stored.read_text())
    assert content.keys() == {"figures", "commit", "environment", "rounds", "agreements"}
    assert {figure.over for figure in FIGURES} - content["rounds"][0].keys() <= {"long, all cores"}
    for outcome in content["rounds"][0].values():
        assert all(seconds > 0 for seconds in outcome["seconds"])
        assert outcome["peak_mb"] > 1
        assert outcome["masks"] > 0


def test_all_trials_agree_with_ours_to_the_last_bit(stored: Path) -> None:
    found = Run.load(stored).agreements
    assert {item.trial: item.other for item in found} == SAME
    assert all(item.exact for item in found), found


def test_the_steps_are_parts_of_the_whole_time(stored: Path) -> None:
    for trial in ("good steps", "good usual"):
        outcome = next(Run.load(stored).of(trial))
        assert sum(outcome.steps.values()) <= outcome.seconds[0]
        assert all(seconds > 0 for seconds in outcome.steps.values())


def test_a_trial_without_the_accelerator_does_not_use_it(stored: Path) -> None:
    assert not next(Run.load(stored).of("good stdlib")).accelerated


def test_a_stored_run_compared_with_itself_shows_ratios_of_one(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--from", str(stored), "--compare", str(stored)]) == 0
    table = capsys.readouterr().out.split("compared with")[1]
    assert table.count("1.000\n") > len(SAME)


def test_a_comparison_of_runs_on_other_data_says_so(stored: Path) -> None:
    run = Run.load(stored)
    other = replace(run, environment={**run.environment, "data": "other"})
    assert "CAUTION: they differ in data, " in comparison(run, other)
    assert "CAUTION" not in comparison(run, run)


def test_the_report_keeps_to_its_width(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--from", str(stored)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert sum(line.startswith(("PASS", "MISS")) for line in lines) >= 11


def test_the_markdown_table_has_a_row_a_figure(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--from", str(stored), "--markdown"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(json.loads(stored.read_text())["figures"])


def test_the_documented_figures_are_those_of_the_baseline() -> None:
    documented = (ROOT / "docs" / "speed.md").read_text().split("<!-- figures -->")[1]
    figures = markdown(Run.load(BASELINE)) if BASELINE.exists() else ""
    assert documented.strip() == figures


def test_missing_data_is_said_with_the_command_that_makes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--data", str(tmp_path)]) == 2
    assert "make bench-data" in capsys.readouterr().err


def test_a_target_is_met_at_its_limit_and_missed_beyond() -> None:
    speed = next(figure for figure in FIGURES if figure.key == "speed-good")
    memory = next(figure for figure in FIGURES if figure.key == "memory")
    at_limit = Measured(speed, 20.0, 19.0, 21.0, None)
    assert at_limit.passed
    assert not replace(at_limit, median=19.99).passed
    assert replace(at_limit, figure=memory, median=120.0).passed
    assert not replace(at_limit, figure=memory, median=120.1).passed


def test_a_watched_function_that_is_never_called_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"has not called lvos_eval\.evaluation\.read_file, "), watched():
        pass


def test_a_clipped_data_set_has_the_first_frames_of_every_video(data: Path) -> None:
    whole, clipped = (DataSet(data / "tiny").manifest(frames=frames) for frames in (None, 6))
    for video, short in zip(whole.videos, clipped.videos, strict=True):
        # the last frame of an object is not scored, so that a clipped object loses one more
        assert set(short.scored) <= set(video.scored[:5])


def masks(height: int, width: int) -> st.SearchStrategy[np.ndarray]:
    """Label maps of objects 1 and 2 in blocks, so that there are interiors, holes and contacts with every border."""
    blocks = st.lists(
        st.tuples(
            st.integers(0, height - 1),
            st.integers(1, height),
            st.integers(0, width - 1),
            st.integers(1, width),
            st.integers(0, 2),
        ),
        max_size=5,
    )

    def draw(found: list[tuple[int, int, int, int, int]]) -> np.ndarray:
        labels = np.zeros((height, width), np.uint8)
        for top, rows, left, columns, label in found:
            labels[top : top + rows, left : left + columns] = label
        return labels

    return blocks.map(draw)


@settings(max_examples=30)
@given(masks(37, 53), masks(37, 53))
def test_the_usual_program_has_the_values_of_the_textbook(
    tmp_path_factory: pytest.TempPathFactory, truth: np.ndarray, prediction: np.ndarray
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name, labels in (("truth.png", truth), ("prediction.png", prediction)):
        Image.fromarray(labels).save(folder / name)
    for object_id in (1, 2):
        j, f = usual.measure(folder / "truth.png", folder / "prediction.png", object_id, usual.Laps())
        assert j == definition.region_similarity(truth == object_id, prediction == object_id)
        assert f == definition.contour_accuracy(truth == object_id, prediction == object_id)
