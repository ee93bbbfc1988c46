"""Masks that are made while they are read: of arrays, or of one mask for each object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvos_eval.formats.array_files import as_image, read_array
from lvos_eval.formats.image_channels import first_channel, image_colours
from lvos_eval.formats.label_png import saved_image
from lvos_eval.formats.mask_issues import LabelMapError, MemberError, NotLabels, Overlap, PngError
from lvos_eval.formats.png import parse_header
from lvos_eval.submission.restoration import OVERLAPS
from lvos_eval.submission.source import Entry, MadeMask, MaskReader, MaskSource, Part, files_of, unpack

__all__ = ["LooseSource"]

_FIRST, _LAST, _LARGER = OVERLAPS
_MOST_VALUES: Final = 2
"""Of the mask of one object: what is not the object, and the object."""


@dataclass(frozen=True, slots=True)
class LooseSource:
    """A folder or zip of which some masks have to be made; `overlap` is the option that says whose a shared pixel is."""

    files: MaskSource
    overlap: str | None

    def open(self) -> MaskReader:
        return _MakingReader(self.files.open(), self.overlap)


class _MakingReader:
    """Reads masks as they are, or makes them; a made one is as if it were a file of its own."""

    def __init__(self, reader: MaskReader, overlap: str | None) -> None:
        self._reader = reader
        self._overlap = overlap

    def read(self, entry: Entry) -> bytes:
        return self._made(entry) if isinstance(entry, MadeMask) else self._reader.read(entry)

    def read_stored(self, entry: Entry) -> bytes:
        return self._made(entry) if isinstance(entry, MadeMask) else self._reader.read_stored(entry)

    def read_ahead(self, entries: Sequence[Entry]) -> None:
        self._reader.read_ahead([file for entry in entries for file in files_of(entry)])

    def close(self) -> None:
        self._reader.close()

    def _made(self, mask: MadeMask) -> bytes:
        with _as_member_error():
            if len(mask.parts) == 1 and mask.parts[0].object_id is None:
                return self._image(mask.parts[0])
            return saved_image(_merged([(part.object_id or 0, self._is_object(part)) for part in mask.parts], self._overlap))

    def _image(self, part: Part) -> bytes:
        """The file of a part as a PNG."""
        content = unpack(part.file, self._reader.read_stored(part.file))
        is_array = part.array is not None or content.startswith((b"\x93NUMPY", b"PK\x03\x04"))
        return saved_image(as_image(read_array(content, part.array))) if is_array else content

    def _is_object(self, part: Part) -> NDArray[np.bool_]:
        """Where the only object of a mask is: every value but 0, transparency left aside."""
        content = self._image(part)
        has_colours = parse_header(content).kind.has_colours
        values: NDArray[Any] = image_colours(content).max(axis=2) if has_colours else first_channel(content)
        if len(np.flatnonzero(np.bincount(values.reshape(-1)))) > _MOST_VALUES:
            raise LabelMapError(NotLabels("the mask of a single object holds more than two values: shades, or several objects"))
        found: NDArray[np.bool_] = values != 0
        return found


@contextmanager
def _as_member_error() -> Iterator[None]:
    """What keeps a mask from being made is a fault of the file that it would be."""
    try:
        yield
    except MemberError:
        raise
    except (PngError, LabelMapError) as error:
        raise MemberError(*error.issues) from None


def _merged(objects: Sequence[tuple[int, NDArray[np.bool_]]], overlap: str | None) -> NDArray[np.uint8]:
    """One label map of the masks of objects, given by id. Raises LabelMapError where they do not go together."""
    shapes = {mask.shape for _, mask in objects}
    if len(shapes) > 1:
        raise LabelMapError(NotLabels("the masks of single objects have different sizes"))
    labels = np.zeros(shapes.pop(), np.uint8)
    if overlap is None and np.sum([mask for _, mask in objects], axis=0).max() > 1:
        raise LabelMapError(Overlap())
    for object_id, mask in sorted(objects, key=lambda item: _rank(item[0], item[1], overlap)):
        labels[mask] = object_id
    return labels


def _rank(object_id: int, mask: NDArray[np.bool_], overlap: str | None) -> tuple[int, int]:
    """The later an object is drawn, the higher; of two with as many pixels the one with the lower id is drawn later."""
    if overlap == _LARGER:
        return (int(np.count_nonzero(mask)), -object_id)
    return (object_id if overlap == _LAST else -object_id, 0)
