"""Making the runs one by one, and finding everything that is wrong with one or left behind by it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import IO, Any, Final

import commands
from commands import PROGRAM
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.reporting.output_folder import DETAILS_FILE, PAGE_FILE, SCORES_JSON, SCORES_TEXT
from soak.plans import Plan, draw_plan
from soak.traces import MARKER, Holdings, holdings, shared_memory, wait_for_end
from soak.troubles import TROUBLES

__all__ = ["Soak"]

RUN_SECONDS: Final = 60.0
"""Longer than any run may take, whatever happens to it."""
GONE_SECONDS: Final = 5.0
"""Within which a process whose parent was killed has to be gone."""
FLAT_MB: Final = 3.0
"""What the memory of the process that lives on may differ by between the first and the last third of its runs."""

CAMPAIGNS: Final = Path(__file__).parents[1]
SUPPORT: Final = Path(commands.__file__).parent
NAMES: Final = {PAGE_FILE, DETAILS_FILE, SCORES_JSON, SCORES_TEXT}
TABLES: Final = {"objects.csv", "results.tex"}
"""Beside the scores of a run that succeeded."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and what it said."""

    code: int
    text: str
    process: int
    left: tuple[int, ...] = ()
    """Processes that were still there some seconds after it."""


class Host:
    """The process that lives through all runs."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.object_id = self._process.pid

    def run(self, arguments: Sequence[str]) -> Ending:
        stdin, stdout = self._pipes()
        stdin.write(json.dumps(list(arguments)) + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            return Ending(self._process.wait(), "the process that lives on is gone", self.object_id)
        content = json.loads(answer)
        return Ending(content["code"], content["text"], self.object_id)

    def holdings(self) -> Holdings:
        return holdings(self.object_id)

    def end(self) -> None:
        self._pipes()[0].close()
        self._process.wait(RUN_SECONDS)

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None and self._process.stdout is not None
        return self._process.stdin, self._process.stdout


class Soak:
    """The folders, the process that lives on, and what has been seen so far."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.faults: list[str] = []
        self.endings: dict[str, Counter[int]] = {}
        self.samples: list[Holdings] = []
        self.unfinished = 0
        """Temporary files of runs that were killed while they wrote."""
        self._folder = folder
        self._temporary = folder / "tmp"
        self._temporary.mkdir()
        self._processes: set[int] = set()
        self._known = shared_memory(set())
        self._host = Host(self._environment("host"))

    def _environment(self, marker: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(PROGRAM), str(SUPPORT), str(CAMPAIGNS)]),
            "TMPDIR": str(self._temporary),
            "HOME": str(self._temporary),
            MARKER: f"{self._folder}-{marker}",
        }

    def run(self, number: int) -> None:
        """Makes run `number`, and everything that it leaves behind a fault."""
        random = Random(f"{self.seed} {number}")
        work = self._folder / "work"
        work.mkdir()
        alone = random.random() < 1 / 3
        trouble = random.choice(sorted(TROUBLES)) if alone else ""
        plan = draw_plan(random, work, large=alone and TROUBLES[trouble].large)
        started = time.monotonic()
        ending = self._alone(random, number, trouble, plan) if alone else self._in_host(plan)
        seconds = time.monotonic() - started
        name = f"{trouble}, {plan.fault}" if trouble else plan.fault
        codes = plan.codes | (TROUBLES[trouble].codes if trouble else frozenset())
        self.endings.setdefault(trouble or plan.fault, Counter())[ending.code] += 1
        wrong = [f"ended with {ending.code}, not one of {sorted(codes)}"] if ending.code not in codes else []
        wrong += [f"took {seconds:.0f} s"] if seconds > RUN_SECONDS else []
        wrong += list(self._looked_at(plan, ending))
        if wrong:
            self.faults += [f"run {number} ({name}): {text}" for text in wrong]
            print(f"run {number} ({name}) of seed {self.seed}:", *wrong, ending.text, sep="\n  ", file=sys.stderr, flush=True)
        shutil.rmtree(work)

    def _in_host(self, plan: Plan) -> Ending:
        arguments = (
            "score",
            str(plan.submission),
            "--reference",
            str(plan.reference),
            "--output",
            str(plan.output),
            *plan.options,
        )
        ending = self._host.run(arguments)
        self.samples.append(self._host.holdings())
        return ending

    def _alone(self, random: Random, number: int, trouble: str, plan: Plan) -> Ending:
        work, environment = self._folder / "work", self._environment(str(number))
        (work / "input").mkdir()
        (work / "input" / "ref").symlink_to(plan.reference)
        (work / "input" / "res").symlink_to(plan.submission)
        about = TROUBLES[trouble]
        limits = about.limits(random)

        def impose() -> None:
            # ignored where the soak itself runs in the background
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            for what, limit in limits.items():
                resource.setrlimit(what, (limit, limit))

        command = [sys.executable, str(PROGRAM / "evaluate.py"), str(work / "input"), str(plan.output)]
        with (work / "text").open("w+") as text:
            process = subprocess.Popen(
                [*command, *plan.options, *about.options],
                stdout=text,
                stderr=text,
                env=environment,
                preexec_fn=impose,
                text=True,
            )
            self._processes.add(process.pid)
            about.meddle(random, process, plan)
            try:
                code = process.wait(RUN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
        left = wait_for_end(environment[MARKER], GONE_SECONDS)
        for other in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(other, signal.SIGKILL)
        return Ending(code, (work / "text").read_text(), process.pid, tuple(left))

    def _looked_at(self, plan: Plan, ending: Ending) -> Iterator[str]:
        """What is wrong with the outputs of a run, and what it has left elsewhere."""
        output = plan.output
        contents = {path.name: path.read_text() for path in output.glob("*") if path.is_file()} if output.is_dir() else {}
        extra = sorted(set(contents) - NAMES - (TABLES if ending.code == ExitCode.SUCCESS else set()))
        if ending.code == -signal.SIGKILL:
            self.unfinished += len(extra)
        elif extra:
            yield f"left {', '.join(extra)} in its output"
        if ending.code >= 0 and "Traceback" in ending.text:
            yield "showed a traceback"
        if "</html>" not in contents.get(PAGE_FILE, "</html>")[-20:]:
            yield "its page is not complete"
        scores = _parsed(contents, SCORES_JSON)
        if ending.code == ExitCode.SUCCESS:
            whole = set(contents) == NAMES | TABLES and list(scores) == list(SCORE_KEYS)
            if not whole or not all(map(math.isfinite, scores.values())):
                yield "it succeeded without scores"
            else:
                yield from _differences(plan, _parsed(contents, DETAILS_FILE))
        elif ending.code >= 0 and (SCORES_JSON in contents or SCORES_TEXT in contents):
            yield "there are scores of a run that failed"
        yield from (f"left process {process}" for process in ending.left)
        yield from (f"left {path} in the temporary folder" for path in self._temporary.glob("*"))
        yield from (f"left {name} in shared memory" for name in self._shared({ending.process} - {self._host.object_id}))

    def _shared(self, processes: set[int]) -> list[str]:
        """What is in shared memory and has not been there or told of before."""
        left = shared_memory(processes) - self._known
        self._known |= left
        return sorted(left)

    def end(self) -> None:
        """Ends the process that lives on, and looks for what it leaves behind."""
        self._host.end()
        for process in wait_for_end(f"{self._folder}-host", GONE_SECONDS):
            self.faults.append(f"the process that lived on left process {process}")
        left = [*self._temporary.glob("*"), *self._shared({self._host.object_id, *self._processes})]
        self.faults += [f"{trace} is left in the end" for trace in left]
        if len(self.samples) >= 30:
            self.faults += _growth(self.samples)


def _parsed(contents: Mapping[str, str], name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(contents.get(name, "{}"))
    return parsed


def _differences(plan: Plan, details: Mapping[str, Any]) -> Iterator[str]:
    for entry in details["objects"] if plan.means else ():
        wanted = plan.means[entry["video"], entry["object"]]
        if not all(
            math.isclose(found, mean, abs_tol=1e-12) for found, mean in zip((entry["J"], entry["F"]), wanted, strict=True)
        ):
            yield f"J and F of object {entry['object']} of {entry['video']} are {entry['J']}, {entry['F']}, not {wanted}"


def _growth(samples: Sequence[Holdings]) -> Iterator[str]:
    """What the process that lives on holds more of in the last third of its runs than in the one before."""
    third = len(samples) // 3
    before, after = samples[third : 2 * third], samples[-third:]
    for what, allowed in (("descriptors", 0.0), ("resident", FLAT_MB)):
        first, last = (median(getattr(sample, what) for sample in part) for part in (before, after))
        if last - first > allowed:
            yield f"{what} grew from {first:.1f} to {last:.1f}"
    first, last = (max(len(sample.descendants) for sample in part) for part in (before, after))
    if last > first:
        yield f"processes grew from {first} to {last}"
