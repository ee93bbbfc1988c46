"""Which functions of the program call which in a scoring run, in the order in which they are first called.

    python call_tree.py OUTPUT EVALUATE ARGUMENT...

Runs the program EVALUATE in this process and writes a JSON list: for each function that is called from another place than before,
the functions that are at work then, from the program's first line to its own, as `module:name`.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TypeAlias

Calls: TypeAlias = list[list[str]]
"""Stacks of functions as `module:name`, the caller before the called one."""

ENTRY = "evaluate.py"
"""What the first line of the program is called in a stack."""


def calls_of(evaluate: Path, arguments: Sequence[str | Path], work: Path) -> Calls:
    """The calls in one run, in a process of its own, which must succeed."""
    found = work / "calls.json"
    command = [sys.executable, __file__, found, evaluate, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, check=True, capture_output=True, timeout=300, env=environment)
    calls: Calls = json.loads(found.read_text())
    return calls


class _Recorder:
    """Notes every function of the package that is called, each stack once."""

    def __init__(self, evaluate: str) -> None:
        self._evaluate = evaluate
        self.stacks: dict[tuple[str, ...], None] = {}

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and self._name(frame):
            names = []
            caller: FrameType | None = frame
            while caller is not None:
                names.append(self._name(caller))
                caller = caller.f_back
            self.stacks.setdefault(tuple(name for name in reversed(names) if name))

    def _name(self, frame: FrameType) -> str | None:
        module, code = frame.f_globals.get("__name__", ""), frame.f_code
        if code.co_filename == self._evaluate:
            return ENTRY
        # comprehensions, lambdas and bodies of classes and modules are part of what they are in
        if not module.startswith("lvos_eval.") or "<" in code.co_qualname.rpartition("<locals>.")[2]:
            return None
        return f"{module.removeprefix('lvos_eval.')}:{code.co_qualname}"


def _main(output: str, evaluate: str, *arguments: str) -> None:
    recorder = _Recorder(evaluate)
    sys.argv = [evaluate, *arguments]
    sys.setprofile(recorder)
    try:
        runpy.run_path(evaluate, run_name="__main__")
    except SystemExit as end:
        sys.setprofile(None)
        if end.code:
            raise
    Path(output).write_text(json.dumps(list(recorder.stacks)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
