"""macOS and Windows, as far as Linux can play them: functions that are missing, spawned workers, names without case."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

import commands
import rescores
from case_insensitive import ignore_case_below
from lvos_eval import system
from lvos_eval.cli.main import main
from lvos_eval.diagnostics.errors import ExitCode
from submissions import good_files, write_folder, write_reference, write_zip

NOT_POSIX: Final = Path(__file__).parents[1] / "support" / "not_posix"
PACKAGE: Final = commands.PROGRAM / "lvos_eval"


def stand_in() -> Any:
    """The module that plays Windows, without its effect on this process."""
    spec = importlib.util.spec_from_file_location("not_posix", NOT_POSIX / "sitecustomize.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import builtins

    before = builtins.__import__
    try:
        spec.loader.exec_module(module)
    finally:
        builtins.__import__ = before
    return module


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_reference(tmp_path / "ref")
    write_zip(tmp_path / "good.zip", good_files())
    write_folder(tmp_path / "good", good_files())
    write_folder(tmp_path / "bad", {name: content for name, content in good_files().items() if "bVideo02" not in name})
    rescores.write_submissions(tmp_path / "stored")
    return tmp_path


def run(data: Path, output: Path, arguments: list[str], *, posix: bool) -> tuple[int, str, dict[str, bytes]]:
    """Exit code, standard output and the files of a command that runs in the folder of the data."""
    path = os.pathsep.join([*([] if posix else [str(NOT_POSIX)]), str(commands.PROGRAM)])
    command = [sys.executable, "-P", *[argument.format(out=output) for argument in arguments]]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=data, env=environment, capture_output=True, text=True, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    files = {file.relative_to(output).as_posix(): file.read_bytes() for file in sorted(output.rglob("*")) if file.is_file()}
    # the store has names of its own, and a lock
    public = {name: content for name, content in files.items() if not name.startswith(".store")}
    return done.returncode, done.stdout.replace(str(output), "OUT"), public


COMMANDS: Final = {
    "check a folder": "-m lvos_eval check good --reference ref",
    "check a zip": "-m lvos_eval check good.zip --reference ref/valid_meta.json",
    "check a bad one": "-m lvos_eval check bad --reference ref",
    "check-reference": "-m lvos_eval check-reference ref",
    "score a folder": "-m lvos_eval score good --reference ref --output {out} --jobs 1 --quiet",
    "score a zip with workers": "-m lvos_eval score good.zip --reference ref --output {out} --jobs 2 --quiet",
    "score a bad one": "-m lvos_eval score bad --reference ref --output {out} --jobs 2 --quiet",
    "rescore": "-m lvos_eval rescore stored --reference ref --output {out} --jobs 1 --quiet",
    "rescore with workers": "-m lvos_eval rescore stored --reference ref --output {out} --jobs 2 --quiet",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_without_posix_a_command_does_the_same(command: str, data: Path) -> None:
    wanted = run(data, data / "out-posix", command.split(), posix=True)
    found = run(data, data / "out-windows", command.split(), posix=False)
    assert found == wanted


def test_the_stand_in_takes_away_what_it_says_and_spawns_workers(data: Path) -> None:
    script = data / "look.py"
    script.write_text(
        "import os, signal\n"
        "import lvos_eval.system as system, lvos_eval\n"
        "assert hasattr(os, 'pread') and not hasattr(system.os, 'pread') and not hasattr(system.signal, 'SIGKILL')\n"
        "assert system.sys.platform == 'win32' and system.OPEN_REGULAR == 1 << 30\n"
        "if __name__ == '__main__':\n"  # a spawned worker loads the main module too
        "    assert lvos_eval.score('good', 'ref', jobs=2).valid\n"
        "    from joblib.externals.loky.backend.context import get_context\n"
        "    print(get_context().get_start_method())\n"
    )
    assert run(data, data / "out", [str(script)], posix=False)[:2] == (0, "spawn\n")


def test_only_one_module_asks_what_a_system_has() -> None:
    lacking = stand_in()
    forbidden = {f"{module}.{name}" for module, names in lacking.LACKING.items() for name in names} | {"sys.platform", "os.name"}
    for path in PACKAGE.rglob("*.py"):
        if path == PACKAGE / "system.py":
            continue
        tree = ast.parse(path.read_text())
        used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        imported = {name.name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for name in node.names}
        assert used & forbidden == set(), path
        assert imported & lacking.ABSENT == set(), path


@pytest.mark.parametrize("pread", [True, False])
def test_threads_read_a_file_at_their_own_positions(pread: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not pread:
        monkeypatch.delattr(os, "pread")
    data = bytes(range(256)) * 64
    (tmp_path / "file").write_bytes(data)
    descriptor = os.open(tmp_path / "file", system.OPEN_REGULAR)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda start: system.read_at(descriptor, 100, start), range(0, len(data), 7)))
    finally:
        os.close(descriptor)
    assert found == [data[start : start + 100] for start in range(0, len(data), 7)]


def test_without_a_clock_that_interrupts_a_block_runs_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.delattr(signal, "setitimer")
    with system.repeating_alarm(0, 0.01, called.append):
        threading.Event().wait(0.05)
    assert called == []


def test_a_child_is_ended_without_signals_by_its_own_means(monkeypatch: pytest.MonkeyPatch) -> None:
    class Child:
        pid = None
        ended = False

        def terminate(self) -> None:
            self.ended = True

    child = Child()
    monkeypatch.delattr(signal, "SIGKILL")
    system.end_process(child)
    assert child.ended


def renamed(folder: Path, change: Callable[[str], str]) -> None:
    for path in sorted(folder.rglob("*"), key=lambda path: -len(path.parts)):
        path.rename(path.with_name(change(path.name)))


@pytest.mark.parametrize("change", [str.upper, str.lower, str.title])
def test_reference_data_in_other_capitals_is_the_same_where_names_have_no_case(
    change: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_reference(tmp_path / "ref")
    shutil.copytree(tmp_path / "ref", tmp_path / "other")
    write_folder(tmp_path / "good", good_files())
    for name in os.listdir(tmp_path / "other"):
        (tmp_path / "other" / name).rename(tmp_path / "other" / change(name))
    ignore_case_below(tmp_path, monkeypatch)
    said = []
    for reference in ("ref", "other"):
        arguments = ("score", tmp_path / "good", "--reference", tmp_path / reference, "--output", tmp_path / "out", "--jobs", "1")
        assert main([*map(str, arguments), "--quiet"]) == ExitCode.SUCCESS, capsys.readouterr().err
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_a_video_folder_in_other_capitals_is_reported_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = write_reference(tmp_path / "ref")
    write_folder(tmp_path / "good", good_files())
    renamed(tmp_path / "good", str.lower)
    ignore_case_below(tmp_path, monkeypatch)
    assert main(["check", str(tmp_path / "good"), "--reference", str(reference), "--jobs", "1"]) == ExitCode.INVALID_SUBMISSION
    assert "avideo01" in capsys.readouterr().err


def test_a_backslash_in_a_path_of_ours_is_quoted_for_the_shell_that_reads_it() -> None:
    from lvos_eval.diagnostics.text import quoted

    assert quoted("C:\\masks\\my tracker").strip("\"'") == "C:\\masks\\my tracker"
