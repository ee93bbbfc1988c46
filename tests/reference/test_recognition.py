"""Which benchmark a data set is of tells its layout, where nobody says it."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Final

import pytest

import goldens
import lvos_eval as api
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from unpacking import unpack

DATA: Final = Path(__file__).parents[1] / "data"
DATA_SETS: Final = {
    "davis-2017": ("goldens_davis_2017.tar.xz", "DAVIS"),
    "davis-2017-unsupervised": ("goldens_davis_2017_unsupervised.tar.xz", "DAVIS"),
    "vost": ("goldens_vost.tar.xz", "VOST"),
    "visor": ("goldens_visor.tar.xz", "VISOR_2022"),
    "long-videos": ("goldens_long_videos.tar.xz", "longvideo"),
    "sa-v": ("goldens_sa_v.tar.xz", ""),
    "mose-v2": ("goldens_mose_v2.tar.xz", ""),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The root of a data set of each benchmark."""
    found = {}
    for name, (archive, root) in DATA_SETS.items():
        folder = tmp_path_factory.mktemp(name)
        with tarfile.open(DATA / archive) as file:
            unpack(file, folder)
        found[name] = folder / root
    return found


def chosen(reference: Path, **asked: str) -> str:
    return ReferenceChoice(reference, **asked).settings().rules.protocol  # type: ignore[arg-type]


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_data_set_as_downloaded_says_whose_it_is(data: dict[str, Path], name: str) -> None:
    choice = ReferenceChoice(data[name])
    rules = choice.settings().rules
    assert rules.protocol == name
    assert load_manifest(data[name], rules).warnings[0] == (
        f"the layout of the data is that of {name}; use --protocol for another benchmark"
    )


def test_lvos_needs_no_recognition_and_says_nothing(tmp_path: Path) -> None:
    manifest = load_manifest(goldens.REFERENCE, ReferenceChoice(goldens.REFERENCE).settings().rules)
    assert manifest.rules.protocol == "lvos-v2"
    assert manifest.warnings == load_manifest(goldens.REFERENCE).warnings
    # nor does metadata alone
    (metadata,) = goldens.REFERENCE.glob("*_meta.json")
    shutil.copy(metadata, tmp_path / "meta.json")
    assert chosen(tmp_path) == chosen(tmp_path / "meta.json") == "lvos-v2"


def test_metadata_of_mose_alone_is_known_too(data: dict[str, Path], tmp_path: Path) -> None:
    shutil.copy(data["mose-v2"] / "meta.json", tmp_path)
    assert chosen(tmp_path) == chosen(tmp_path / "meta.json") == "mose-v2"


def test_whoever_names_a_benchmark_is_right(data: dict[str, Path], tmp_path: Path) -> None:
    assert chosen(data["mose-v2"], protocol="vos-benchmark") == "vos-benchmark"
    shutil.copytree(data["vost"], tmp_path, dirs_exist_ok=True)
    (tmp_path / "scoring.yaml").write_text("protocol: vos-benchmark\n")
    assert chosen(tmp_path) == "vos-benchmark"


def test_of_several_one_has_to_be_chosen(data: dict[str, Path], tmp_path: Path) -> None:
    for name in ("davis-2017", "davis-2017-unsupervised"):
        shutil.copytree(data[name], tmp_path, dirs_exist_ok=True)
    with pytest.raises(api.ReferenceDataError, match="the layout of the data fits davis-2017, davis-2017-unsupervised") as fault:
        chosen(tmp_path)
    assert fault.value.problems[0].fix == "choose one with --protocol, or with `protocol:` in scoring.yaml"
    assert chosen(tmp_path, task="unsupervised_multiple") == "davis-2017-unsupervised"
    assert chosen(tmp_path, protocol="davis-2017") == "davis-2017"


def test_masks_alone_say_nothing(data: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(data["mose-v2"] / "Annotations", tmp_path / "Annotations")
    assert chosen(tmp_path) == "lvos-v2"
    with pytest.raises(api.ReferenceDataError, match="no metadata in"):
        api.check(tmp_path, tmp_path)


def test_metadata_with_lengths_and_ranges_is_not_that_of_mose(tmp_path: Path) -> None:
    videos = {"a": {"length": 3, "objects": ["1"]}, "b": {"objects": {"1": {"frame_range": {}}}}}
    (tmp_path / "meta.json").write_text(json.dumps({"videos": videos}))
    assert chosen(tmp_path) == "lvos-v2"
