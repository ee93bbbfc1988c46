"""A terminal of any width, with a command in it: what somebody sees who types it there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from commands import PROGRAM

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(columns: int, *arguments: str | Path, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code and everything that `lvos-eval ARGUMENTS` writes to a terminal so wide."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    environment |= {"PYTHONPATH": str(PROGRAM), "TERM": "xterm-256color", **(env or {})}
    command = [sys.executable, "-P", "-m", "lvos_eval", *map(str, arguments)]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        parts = []
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # the other end was closed
                break
            if not part:
                break
            parts.append(part)
        code = process.wait(timeout=120)
    os.close(master)
    return code, b"".join(parts).decode().replace("\r\n", "\n")


def uncoloured(text: str) -> str:
    return _COLOUR.sub("", text)
