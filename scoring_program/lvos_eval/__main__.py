"""`python -m lvos_eval` is `lvos-eval`, and what starts a process that runs a command."""

from lvos_eval.execution.import_path import leave_out_current_folder

if __name__ == "__main__":
    # before anything is loaded that might lie in the current folder
    leave_out_current_folder()

import sys
from typing import NoReturn

from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.execution.lifecycle import ignore_ending_signals, prepare, print_line

__all__ = ["launch", "run"]


def launch(*, platform: bool = False) -> int:
    """Runs a command as the work of this process, that of a platform if so asked; returns the exit code."""
    try:
        prepare()
        try:
            from lvos_eval.cli.main import main, platform_main
        except (ImportError, MemoryError) as error:
            why = " ".join(str(error).split()) or "out of memory"
            print_line(sys.stderr, f"stopped: lvos-eval cannot start: {why}; it needs the packages of requirements.lock")
            return ExitCode.STOPPED
        code = platform_main() if platform else main()
    except KeyboardInterrupt as interruption:
        print_line(sys.stderr, f"stopped: {interruption}")
        return ExitCode.STOPPED
    # nothing may turn the code of a finished command into another one
    ignore_ending_signals()
    return code


def run() -> NoReturn:
    """The console script."""
    sys.exit(launch())


if __name__ == "__main__":
    run()
