"""`python -m lvos_eval` is `lvos-eval`, and what starts a process that runs a command."""

from lvos_eval.execution.import_path import leave_out_current_folder

if __name__ == "__main__":
    # before anything is loaded that might lie in the current folder
    leave_out_current_folder()

import sys

from lvos_eval.version import __version__

# the name is what type checkers know; `typing` is not loaded for it
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["launch", "run"]


def launch(*, platform: bool = False) -> int:
    """Runs a command as the work of this process, that of a platform if so asked; returns the exit code."""
    if not platform and sys.argv[1:] == ["--version"]:
        # many ask it, also programs: nothing is loaded to answer
        print(f"lvos-eval {__version__}")
        return 0

    from lvos_eval.diagnostics.errors import ExitCode
    from lvos_eval.execution.lifecycle import ignore_ending_signals, prepare, print_line

    try:
        prepare()
        try:
            from lvos_eval.cli.main import main, platform_main

            code = platform_main() if platform else main()
        except (ImportError, MemoryError) as error:
            # a command catches what happens while it runs: these come from loading it
            why = " ".join(str(error).split()) or "out of memory"
            print_line(sys.stderr, f"stopped: lvos-eval cannot start: {why}; it needs the packages of requirements.lock")
            return ExitCode.STOPPED
    except KeyboardInterrupt as interruption:
        print_line(sys.stderr, f"stopped: {interruption}")
        return ExitCode.STOPPED
    # nothing may turn the code of a finished command into another one
    ignore_ending_signals()
    return code


def run() -> "NoReturn":
    """The console script."""
    sys.exit(launch())


if __name__ == "__main__":
    run()
