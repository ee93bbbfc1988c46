"""Taking a bundle apart, changing one thing, and putting it together again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from competition.bundles.zips import MEMBER_DATE, write_zip


class Broken:
    """The members of a bundle, to be changed and written again."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}
        self.finish: Callable[[Path], None] = lambda path: None
        """What is done to the finished zip."""

    def configure(self, change: Callable[[Any], Any]) -> Broken:
        """Changes competition.yaml, which is handed over as plain data."""
        config = yaml.safe_load(self.members["competition.yaml"])
        change(config)
        self.members["competition.yaml"] = yaml.safe_dump(config, sort_keys=False, allow_unicode=True).encode()
        return self

    def text(self, name: str, old: str, new: str) -> Broken:
        """Replaces text of a member; the old text has to be there."""
        content = self.members[name].decode()
        assert old in content, f"{old!r} is not in {name}"
        self.members[name] = content.replace(old, new).encode()
        return self

    def inner(self, name: str, change: Callable[[dict[str, bytes]], Any]) -> Broken:
        """Changes the members of every zip in the bundle that `name` stands for: a program has one in each phase."""
        stem = name.removesuffix(".zip")
        for found in [item for item in self.members if item == name or item.startswith(f"{stem}_")]:
            self._change(found, change)
        return self

    def _change(self, name: str, change: Callable[[dict[str, bytes]], Any]) -> None:
        with zipfile.ZipFile(io.BytesIO(self.members[name])) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        change(members)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for member in sorted(members):
                archive.writestr(zipfile.ZipInfo(member, MEMBER_DATE), members[member])
        self.members[name] = buffer.getvalue()

    def remove(self, name: str) -> Broken:
        """Removes what `name` stands for."""
        stem = name.removesuffix(".zip")
        for found in [item for item in self.members if item == name or item.startswith(f"{stem}_")]:
            del self.members[found]
        return self

    def append(self, name: str, content: bytes = b"", **attributes: Any) -> Broken:
        """Adds a member at the end as it is, however wrong."""

        def finish(path: Path) -> None:
            with zipfile.ZipFile(path, "a") as archive:
                info = zipfile.ZipInfo(name, MEMBER_DATE)
                for attribute, value in attributes.items():
                    setattr(info, attribute, value)
                archive.writestr(info, content)

        self.finish = finish
        return self

    def write(self, path: Path) -> Path:
        write_zip(path, self.members, first="competition.yaml")
        self.finish(path)
        return path
