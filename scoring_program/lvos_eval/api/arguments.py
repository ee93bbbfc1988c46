"""What a caller may pass: anything else is refused before a call begins, with the name of the argument."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from lvos_eval import protocols
from lvos_eval.masks.packed import Labels
from lvos_eval.protocols import Task
from lvos_eval.reference.choice import ReferenceChoice

__all__ = ["StrPath", "choice", "flag", "frame_number", "job_count", "label_map", "path", "reference_choice"]

StrPath: TypeAlias = str | os.PathLike[str]

_ChoiceT = TypeVar("_ChoiceT", bound=str)
_LARGEST_LABEL = 255


def path(name: str, value: StrPath) -> Path:
    """The absolute path, which stays the same where the working directory changes. Raises TypeError or ValueError."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(text := os.fspath(value), str):
        raise TypeError(f"{name} has to be a str or a path, not {_kind(value)}")
    if not text.strip():
        raise ValueError(f"{name} is empty; for the current folder pass '.'")
    if "\0" in text:
        raise ValueError(f"{name} is {text!r}: a path cannot hold a null character")
    return Path(text).absolute()


def choice(name: str, choices: Iterable[_ChoiceT], value: str | None) -> _ChoiceT | None:
    """The one of the choices that is meant; None stays None. Raises TypeError or ValueError."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} has to be a str or None, not {_kind(value)}")
    found = next((known for known in choices if known == value), None)
    if found is None:
        raise ValueError(f"{name} is {value!r}; use one of: {', '.join(choices)}")
    return found


def reference_choice(reference: StrPath, protocol: str | None, task: str | None, image_set: str | None) -> ReferenceChoice:
    """The reference data that is meant, and what is asked of it. Raises TypeError or ValueError."""
    if image_set is not None and not isinstance(image_set, str):
        raise TypeError(f"image_set has to be a str or None, not {_kind(image_set)}")
    return ReferenceChoice(
        path("reference", reference), choice("protocol", protocols.names(), protocol), choice("task", Task, task), image_set
    )


def job_count(value: int | None) -> int | None:
    """A number of worker processes; None stays None. Raises TypeError or ValueError."""
    if value is None:
        return None
    count = _whole("jobs", value)
    if count < 1:
        raise ValueError(f"jobs is {count}; use 1 or more, or None for the cores that may be used")
    return count


def flag(name: str, value: bool) -> bool:
    """Raises TypeError."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} has to be True or False, not {_kind(value)}")
    return bool(value)


def frame_number(value: int) -> int:
    """A frame number. Raises TypeError or ValueError."""
    number = _whole("frame", value)
    if number < 0:
        raise ValueError(f"frame is {number}; frame numbers are not negative")
    return number


def label_map(name: str, value: ArrayLike) -> Labels:
    """A label map of shape (height, width) as uint8, in one piece of memory. Raises TypeError or ValueError.

    Integers of any width from 0 to 255, or booleans, of which True is object 1; anything that numpy can make such an array of.
    """
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} cannot be made an array: {error}") from error
    if array.dtype != np.bool_ and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} has the dtype {array.dtype}; a label map has integers or booleans")
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} has the shape {array.shape}; a label map has the shape (height, width)")
    if array.dtype not in (np.bool_, np.uint8):
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > _LARGEST_LABEL:
            raise ValueError(f"{name} has the label {low if low < 0 else high}; labels are 0 to {_LARGEST_LABEL}")
    return np.ascontiguousarray(array, np.uint8)


def _whole(name: str, value: int) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} has to be a whole number, not {_kind(value)}")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} has to be a whole number, not {_kind(value)}") from None


def _kind(value: object) -> str:
    return type(value).__name__
