"""Zips that are the same to the byte whenever their content is: sorted members, one date, nothing of the machine in them."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

from lvos_eval.formats.litter import is_litter

__all__ = ["MEMBER_DATE", "Members", "folder_members", "is_left_out", "write_zip"]

MEMBER_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can tell."""

Members: TypeAlias = Mapping[str, bytes | Path]
"""What to pack: content, or the file that holds it, by the name inside the zip."""

_FILE_MODE: Final = (stat.S_IFREG | 0o644) << 16
_MADE_ON_UNIX: Final = 3


def write_zip(path: Path, members: Members, *, first: str | None = None) -> Path:
    """Writes the zip, its members sorted but for `first`; whoever looks sees the old file or the whole new one.

    Members are stored, not deflated: most are compressed already, and zlib's output differs between its versions.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members, key=lambda name: (name != first, name)):
            content = members[name]
            info = zipfile.ZipInfo(name, MEMBER_DATE)
            info.create_system = _MADE_ON_UNIX
            info.external_attr = _FILE_MODE
            if isinstance(content, bytes):
                archive.writestr(info, content)
                continue
            info.file_size = content.stat().st_size
            with content.open("rb") as source, archive.open(info, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    os.replace(partial, path)
    return path


def folder_members(folder: Path, prefix: str = "") -> dict[str, bytes | Path]:
    """Every file below a folder but what is left out."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {prefix + name: path for name, path in files.items() if not is_left_out(name)}


def is_left_out(name: str) -> bool:
    """Whether a path inside a zip is what systems, file managers or Python leave behind."""
    return any(is_litter(part) or part.lower() == "__pycache__" for part in name.split("/")) or name.lower().endswith(".pyc")
