"""Scores again and again; each time the next operation on a file of the output folder goes wrong. Prints what each run left.

`python crash_at_every_write.py INPUT FOLDER KIND`, with KIND one of `raise-once`, `raise-from-then-on` and `kill`. It is a
process of its own because it forks, which is what makes so many runs affordable.
"""

import contextlib
import errno
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lvos_eval.cli.main import platform_main

OPERATIONS = ("mkdir", "unlink", "open", "write", "fsync", "close", "replace")
NOT_REACHED = 99


class Saboteur:
    """Counts the operations on a folder and spoils the one with a given number."""

    def __init__(self, folder: Path, number: int, kind: str) -> None:
        self.folder, self.number, self.kind = str(folder), number, kind
        self.count = 0
        self.spoilt = ""
        self.descriptors: set[int] = set()
        for name in OPERATIONS:
            setattr(os, name, self.wrap(name, getattr(os, name)))

    def wrap(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def replaced(target: Any, *arguments: Any, **options: Any) -> Any:
            ours = target in self.descriptors if isinstance(target, int) else str(target).startswith(self.folder)
            if not ours:
                return operation(target, *arguments, **options)
            self.count += 1
            if self.count == self.number or (self.kind == "raise-from-then-on" and self.spoilt and name != "unlink"):
                self.spoilt = self.spoilt or f"{name} {target}"
                if name == "write":
                    operation(target, arguments[0][: len(arguments[0]) // 2])
                if self.kind == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                if name == "close":
                    operation(target)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            result = operation(target, *arguments, **options)
            if name == "open":
                self.descriptors.add(result)
            elif name == "close":
                self.descriptors.discard(target)
            return result

        return replaced


def run(input_: Path, old: Path, output: Path, number: int, kind: str) -> int:
    """The exit code of a run in a child process, over the outputs of an earlier one; minus the signal that killed it."""
    shutil.copytree(old, output)
    child = os.fork()
    if not child:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        saboteur = Saboteur(output, number, kind)
        code = platform_main([str(input_), str(output), "--jobs", "1"])
        os._exit(code if saboteur.spoilt else NOT_REACHED)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    input_, folder, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    # what a process does only once is done before it is copied
    with contextlib.redirect_stdout(io.StringIO()):
        assert platform_main([str(input_), str(folder / kind), "--jobs", "1"]) == 0
    outcomes = []
    for number in range(1, 1000):
        output = folder / f"{kind}-{number}"
        code = run(input_, folder / "old", output, number, kind)
        if code == NOT_REACHED:
            break
        files = {path.name: path.read_bytes().decode() for path in output.iterdir()}
        outcomes.append({"number": number, "code": code, "files": files})
        shutil.rmtree(output)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
