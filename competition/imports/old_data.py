"""Reference data of an old competition: the zips inside the bundle, unpacked to the layout that `check-reference` looks at."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from competition.imports.old_bundle import OldBundle
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.formats.litter import is_litter
from lvos_eval.reference.metadata import ANNOTATIONS, ATTRIBUTE_SUFFIX, METADATA_NAMES

__all__ = ["unpack_reference"]


def unpack_reference(bundle: OldBundle, member: str, target: Path) -> list[str]:
    """Unpacks the data below `target`, without the folders that it may be wrapped in; gives a sentence for what it lacks.

    Raises UsageError for a member that is not a zip or has unsafe names.
    """
    target.mkdir(parents=True)
    try:
        with bundle.archive.open(member) as packed, zipfile.ZipFile(packed) as inner:
            unsafe = next((info.filename for info in inner.infolist() if _is_unsafe(info)), None)
            if unsafe is not None:
                raise UsageError(f"{member} has the unsafe member {unsafe}; nothing of it is unpacked")
            infos = [info for info in inner.infolist() if not info.is_dir() and not _is_left_out(info.filename)]
            root = _root(info.filename for info in infos)
            for info in infos:
                path = PurePosixPath(info.filename)
                file = target / (path.relative_to(root) if path.is_relative_to(root) else path)
                file.parent.mkdir(parents=True, exist_ok=True)
                with inner.open(info) as source, file.open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise UsageError(
            f"{member} cannot be unpacked: {error}\nFix: unpack the bundle, repair that zip, and zip it again"
        ) from None
    return _missing(target)


def _is_unsafe(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    link = stat.S_IFMT(info.external_attr >> 16) == stat.S_IFLNK
    return path.is_absolute() or ".." in path.parts or "\\" in info.filename or link


def _is_left_out(name: str) -> bool:
    return any(is_litter(part) for part in PurePosixPath(name).parts)


def _root(names: Iterable[str]) -> PurePosixPath:
    """The folder that holds the masks or, without them, the metadata."""
    paths = [PurePosixPath(name) for name in names]
    masks = {PurePosixPath(*path.parts[: path.parts.index(ANNOTATIONS)]) for path in paths if ANNOTATIONS in path.parts[:-1]}
    metadata = {path.parent for path in paths if _is_metadata(path.name)}
    return min(masks or metadata or {PurePosixPath()}, key=lambda path: (len(path.parts), str(path)))


def _is_metadata(name: str) -> bool:
    return name in METADATA_NAMES or name.endswith(ATTRIBUTE_SUFFIX)


def _missing(target: Path) -> list[str]:
    lacks = []
    if not (target / ANNOTATIONS).is_dir():
        lacks.append(f"{target} has no {ANNOTATIONS}/: put a folder of masks for each video there")
    if not any(_is_metadata(path.name) for path in target.iterdir()):
        lacks.append(f"{target} has no metadata ({', '.join(METADATA_NAMES[:2])}, ...): add the file of the data set")
    return lacks
