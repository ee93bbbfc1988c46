"""What can be wrong with the file of a mask, as data.

    MaskError
    |-- MemberError     the file cannot be taken out of the submission
    |-- PngError        it is no PNG, or a damaged one
    `-- LabelMapError   it is a good PNG, but no label map of the right size

An issue is made where a file is read; `str()` is a few words, as they stand in a message. What a person is told about it is made
where problems are reported (`submission/check_files`), by the class and the fields of the issue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.masks.packed import FrameSize

__all__ = [
    "DamagedMember",
    "LabelMapError",
    "MaskError",
    "MaskIssue",
    "MemberError",
    "NotBinary",
    "NotIndexed",
    "NotLabels",
    "NotPng",
    "NotSalient",
    "Overlap",
    "PngError",
    "TooLarge",
    "Unreadable",
    "WrongSize",
]


@dataclass(frozen=True)
class _Told:
    """An issue that is told by its reason."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class Unreadable(_Told):
    """The file is damaged, or the system does not read it."""


@dataclass(frozen=True, slots=True)
class NotPng:
    """The file is something else."""

    kind: str | None
    """As `a JPEG`; None where it is not known."""

    def __str__(self) -> str:
        return "not a PNG" if self.kind is None else f"not a PNG but {self.kind}"


class TooLarge(_Told):
    """The file has more bytes or pixels than any mask."""


class DamagedMember(_Told):
    """The file cannot be taken out of the zip."""


@dataclass(frozen=True, slots=True)
class WrongSize:
    """A mask of another size than the frames of its video."""

    kind: ImageKind
    found: FrameSize
    wanted: FrameSize

    def __str__(self) -> str:
        return f"{self.found} instead of {self.wanted}"


@dataclass(frozen=True, slots=True)
class NotIndexed:
    """An image that does not hold one label per pixel."""

    kind: ImageKind

    def __str__(self) -> str:
        return str(self.kind)


@dataclass(frozen=True, slots=True)
class NotSalient:
    """A salient map of one or two values that do not say which is foreground."""

    values: tuple[int, ...]

    def __str__(self) -> str:
        return "two other values"


class NotLabels(_Told):
    """An array, or the mask of one object, that holds something else than labels."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Masks of single objects that share pixels."""

    def __str__(self) -> str:
        return "objects that overlap"


@dataclass(frozen=True, slots=True)
class NotBinary:
    """A mask of one object with more than two values, which do not say where the object is."""

    values: tuple[int, ...]

    def __str__(self) -> str:
        return f"{len(self.values)} values"


MaskIssue: TypeAlias = (
    Unreadable | NotPng | TooLarge | DamagedMember | WrongSize | NotIndexed | NotSalient | NotBinary | NotLabels | Overlap
)


class MaskError(ValueError):
    """A mask that cannot be used, for one or more reasons."""

    def __init__(self, *issues: MaskIssue) -> None:
        super().__init__(*issues)
        self.issues = issues

    def __str__(self) -> str:
        return ", ".join(map(str, self.issues))


class MemberError(MaskError):
    """A file of a submission, or of the ground truth, that is not read."""


class PngError(MaskError):
    """Bytes that are no PNG, or a damaged one."""


class LabelMapError(MaskError):
    """A good PNG that is no label map of the right size."""
