"""Nothing is loaded that a command does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

import commands
from lvos_eval.cli.main import COMMANDS, load
from lvos_eval.version import __version__

PACKAGES = ("numpy", "cv2", "PIL", "yaml", "jinja2", "joblib", "tqdm", "argparse", "dataclasses")


def loaded(*arguments: str) -> tuple[str, list[str]]:
    """What a command prints, and which packages of `PACKAGES` it has loaded."""
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['lvos-eval', *{arguments!r}]\n"
        "try:\n"
        "    runpy.run_module('lvos_eval', run_name='__main__')\n"
        "finally:\n"
        f"    print([name for name in {PACKAGES!r} if name in sys.modules], file=sys.stderr)\n"
    )
    environment = {"PYTHONPATH": str(commands.PROGRAM), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    return done.stdout, done.stderr.splitlines()[-1][1:-1].replace("'", "").split(", ")


def test_the_version_is_told_without_loading_a_package() -> None:
    assert loaded("--version") == (f"lvos-eval {__version__}\n", [""])


def test_wrong_usage_is_told_without_loading_a_command() -> None:
    _, found = loaded("scor")
    assert not {"numpy", "cv2", "PIL", "yaml", "jinja2", "joblib", "tqdm"} & set(found)


def test_a_run_loads_neither_what_only_workers_nor_what_only_a_terminal_nor_what_only_odd_masks_need(
    tmp_path: object,
) -> None:
    sample = commands.PROGRAM.parent / "reference_data_stub"
    masks, reference = str(sample / "sample_submission.zip"), str(sample / "reference")
    told, found = loaded("score", masks, "--reference", reference, "--output", str(tmp_path), "--jobs", "1")
    assert "Overall" in told
    assert not {"PIL", "joblib", "tqdm"} & set(found)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded(name: str) -> None:
    assert load(name).purpose
    with pytest.raises(KeyError):
        load(f"{name}s")
