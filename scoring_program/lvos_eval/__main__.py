"""`python -m lvos_eval` is `lvos-eval`."""

from lvos_eval.execution.import_path import leave_out_current_folder

if __name__ == "__main__":
    # before anything is loaded that might lie in the current folder
    leave_out_current_folder()

import sys
from typing import NoReturn

from lvos_eval.execution.lifecycle import launch


def run() -> NoReturn:
    """The console script."""
    sys.exit(launch("main"))


if __name__ == "__main__":
    run()
