"""A file system that does not tell capitals from small letters, as those of macOS and Windows, for one process."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def ignore_case_below(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every path below `root` is found in any spelling; folders list their entries as they were spelt when made."""
    top = str(root)
    listdir = os.listdir

    def found(path: Any) -> Any:
        text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else path
        if not isinstance(text, str) or not text.startswith(top + os.sep):
            return path
        place = top
        for part in text[len(top) + 1 :].split(os.sep):
            try:
                place = os.path.join(place, next((name for name in listdir(place) if name.lower() == part.lower()), part))
            except OSError:
                place = os.path.join(place, part)
        return place

    def insensitive(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda path, *rest, **options: function(found(path), *rest, **options)

    for module, name in (
        (os, "stat"),
        (os, "lstat"),
        (os, "open"),
        (os, "scandir"),
        (os, "listdir"),
        (io, "open"),
        (builtins, "open"),
    ):
        monkeypatch.setattr(module, name, insensitive(getattr(module, name)))
