"""NumPy's files as they are found in the output of a tracker: label maps as `.npy`, or several in one `.npz`.

Nothing is unpickled, and a header is believed only as far as the file has bytes for what it claims.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvos_eval.formats.mask_issues import LabelMapError, MemberError, NotLabels, TooLarge, Unreadable
from lvos_eval.formats.png import MAX_PIXELS

__all__ = ["array_names", "as_image", "read_array"]

_ENDING: Final = ".npy"
_MOST_HEADER: Final = 10_000
_MOST_BYTES: Final = 8 * 4 * MAX_PIXELS
"""Of one array: four channels of the longest numbers."""


def array_names(content: bytes) -> list[str]:
    """The names of the arrays in an `.npz`, in its order. Raises MemberError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [name.removesuffix(_ENDING) for name in archive.namelist() if name.endswith(_ENDING)]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise MemberError(Unreadable(f"it is not a .npz file ({error})")) from None


def read_array(content: bytes, name: str | None) -> NDArray[Any]:
    """The array of an `.npy` file, or the one of this name in an `.npz`. Raises MemberError."""
    if name is not None:
        content = _member(content, f"{name}{_ENDING}")
    elif not content.startswith(b"\x93NUMPY"):
        raise MemberError(Unreadable("it does not hold arrays, or is damaged"))
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(file, max_header_size=_MOST_HEADER)
        if kind.hasobject or not kind.itemsize:
            raise MemberError(Unreadable("it holds Python objects, which are not read"))
        if math.prod(shape) * kind.itemsize != len(content) - file.tell():
            raise MemberError(Unreadable("the array is cut short"))
        file.seek(0)
        found: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False, max_header_size=_MOST_HEADER)
    except MemberError:
        raise
    except (ValueError, TypeError, OSError, SyntaxError) as error:
        raise MemberError(Unreadable(f"it is not a .npy file ({error})")) from None
    return found


def _member(content: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo(name).file_size > _MOST_BYTES:
                raise MemberError(TooLarge("the array has more bytes than any mask"))
            return archive.read(name)
    except MemberError:
        raise
    # a password is a RuntimeError
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError, ValueError, RuntimeError) as error:
        raise MemberError(Unreadable(f"damaged .npz file ({error})")) from None


def as_image(array: NDArray[Any]) -> NDArray[Any]:
    """An array of labels as it would be saved as a PNG: uint8 or uint16, (height, width), or with a third axis of colours.

    Raises LabelMapError for what is no such array.
    """
    array = np.squeeze(array) if array.ndim > 2 and 1 in (array.shape[0], array.shape[-1]) else array
    shape = "x".join(map(str, array.shape))
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise LabelMapError(NotLabels(f"the array has the shape {shape or '()'}, and a label map has a height and a width"))
    if not array.size or array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise LabelMapError(NotLabels(f"the array has the shape {shape}, which no video has"))
    if array.dtype.kind not in "buif":
        raise LabelMapError(NotLabels(f"the array is of {array.dtype}, and labels are whole numbers"))
    if array.dtype.kind == "f" and not np.array_equal(array, np.trunc(array)):
        raise LabelMapError(NotLabels("the array holds fractions, as probabilities are, and labels are whole numbers"))
    low, high = array.min(), array.max()
    if low < 0 or high > 0xFFFF:
        raise LabelMapError(NotLabels(f"the array holds values from {low:g} to {high:g}, and labels are 0 to 254"))
    return np.ascontiguousarray(array.astype(np.uint8 if high <= 0xFF else np.uint16))
