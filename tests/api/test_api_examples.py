"""The examples in docstrings and in README.md run as they stand."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from types import ModuleType

import pytest

from lvos_eval.api import arguments, calls, evaluator, results

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", [arguments, calls, evaluator, results], ids=lambda module: module.__name__)
def test_the_examples_of_docstrings_are_true(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert doctest.testmod(module, extraglobs={"__name__": "example"}).failed == 0


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert "Traceback" not in capsys.readouterr().err
