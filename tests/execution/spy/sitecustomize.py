"""Loaded by every process of a run: says into $SPY_LOG what it is, and whether the current folder was ever on its path."""

import os
import sys


def _note(text: str) -> None:
    with open(os.environ["SPY_LOG"], "a") as log:
        log.write(f"{text} {' '.join(sys.orig_argv)}\n")


def _look(event: str, arguments: tuple[object, ...]) -> None:
    global _told
    if event == "import" and not _told and any(not entry or os.path.realpath(entry) == os.getcwd() for entry in sys.path):
        _told = True
        _note("EXPOSED")


_told = False
_note("started")
sys.addaudithook(_look)
