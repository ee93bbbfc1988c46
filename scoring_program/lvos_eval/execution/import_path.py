"""Where Python looks for modules: never in the current folder, which may be a submission that holds a package of any name."""

# only what every interpreter has loaded before it comes to us: anything else could come from the current folder
import os
import sys

__all__ = ["PROGRAM", "SAFE_PATH", "leave_out_current_folder"]

SAFE_PATH = "PYTHONSAFEPATH"
"""The environment variable that keeps a child process from putting the current folder first on its path.

joblib starts its workers as `python -m ...` and their resource tracker as `python -c ...`, which do that otherwise.
"""

_PATH = "PYTHONPATH"
PROGRAM = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""The folder that this package lies in."""


def leave_out_current_folder() -> None:
    """Takes the current folder off the path of this process and keeps it off that of its children.

    `python -m lvos_eval` puts it there, and so does an empty entry of PYTHONPATH, as in `PYTHONPATH=$PYTHONPATH:/folder` where
    nothing was set before. It stays only where it is the folder of the program itself.
    """
    sys.path[:] = [entry for entry in sys.path if not _is_current(entry)]
    os.environ[SAFE_PATH] = "1"
    entries = os.environ.get(_PATH, "")
    if entries:
        kept = [entry for entry in entries.split(os.pathsep) if not _is_current(entry)]
        # an empty variable is like none, unlike an empty entry
        os.environ[_PATH] = os.pathsep.join(kept)


def _is_current(entry: str) -> bool:
    try:
        return not entry or (os.path.samefile(entry, os.curdir) and not os.path.samefile(entry, PROGRAM))
    except OSError:
        return False
