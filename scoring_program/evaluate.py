"""Entry point of the scoring run on CodaLab and Codabench: `python evaluate.py INPUT OUTPUT`."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True

from lvos_eval.execution.import_path import leave_out_current_folder  # noqa: E402

if __name__ == "__main__":
    # before anything is loaded that might lie in the current folder
    leave_out_current_folder()

from lvos_eval.__main__ import launch  # noqa: E402

if __name__ == "__main__":
    sys.exit(launch(platform=True))
