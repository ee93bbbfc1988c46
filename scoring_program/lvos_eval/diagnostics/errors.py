"""Exit codes and the exceptions that lead to them.

    Exception
    |-- UsageError                  exit code 2
    |-- ReferenceDataError          3
    |-- RunStoppedError             4
    |   `-- SubmissionGoneError
    `-- WorkerError                 70
    KeyboardInterrupt
    `-- RunInterruptedError         4

An invalid submission is a result and no exception.
"""

from __future__ import annotations

import errno
import re
import traceback
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from lvos_eval.diagnostics.problems import Problem, Severity

__all__ = [
    "ExitCode",
    "ReferenceDataError",
    "RunInterruptedError",
    "RunStoppedError",
    "SubmissionGoneError",
    "UsageError",
    "WorkerError",
    "format_traceback",
    "raise_if_environmental",
]


class ExitCode(IntEnum):
    """What the process tells its caller; each code has one person who acts."""

    SUCCESS = 0
    INVALID_SUBMISSION = 1
    DIFFERENT = 1  # what `compare` tells
    USAGE = 2
    REFERENCE = 3
    STOPPED = 4
    UNFORESEEN = 70


class UsageError(Exception):
    """The command line asks for something that cannot be done; `str()` says what and what to type instead."""


class RunStoppedError(Exception):
    """The run ended early through no fault of the submission: deadline, lost worker, full disk, signal."""


class SubmissionGoneError(RunStoppedError):
    """A submission that was opened before is not there any more."""


class RunInterruptedError(KeyboardInterrupt):
    """A signal asks the process to end; `str()` names it."""


class WorkerError(Exception):
    """Something unforeseen in a worker process; `str()` is the account of it, `where` the same without its message."""

    def __init__(self, text: str, where: str) -> None:
        super().__init__(text, where)
        self.where = where

    def __str__(self) -> str:
        return str(self.args[0])


_NOT_OF_THE_FILE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE, errno.ETIMEDOUT})


def raise_if_environmental(error: OSError, what: str) -> None:
    """Raises RunStoppedError where `what` was not read for want of descriptors or memory, or by a fault of the storage."""
    if error.errno in _NOT_OF_THE_FILE:
        raise RunStoppedError(f"{what} cannot be read: {error.strerror}") from error


class ReferenceDataError(Exception):
    """The reference data or `scoring.yaml` is wrong; `problems` holds every fault found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[ReferenceDataError], tuple[tuple[Problem, ...]]]:
        """As it is pickled to get from a worker process to its parent."""
        return type(self), (self.problems,)

    @classmethod
    def single(
        cls, code: str, message: str, fix: str, *, video: str | None = None, frames: Sequence[int] = ()
    ) -> ReferenceDataError:
        return cls([Problem(code, Severity.ERROR, video, tuple(frames), message, fix)])


_NUMBER: Final = r"(?:[-+]?[\d.]+(?:e[-+]?\d+)?|True|False|nan|inf)"
_ARRAY: Final = re.compile(rf"(?:[\[(][\s\[(]*)?{_NUMBER}(?:[\s,;\[\](){{}}]+{_NUMBER}){{7,}}[\])}}]*")
"""Eight numbers in a row or more."""
_BYTES: Final = re.compile(r"""b(?:'(?:[^'\\]|\\.){8,}'|"(?:[^"\\]|\\.){8,}")""")


def format_traceback(error: BaseException, *, messages: bool) -> str:
    """How an exception came about, its causes first: like a traceback.

    The message of an exception that nobody foresaw may hold parts of what it fell over, such as hidden ground truth; without
    `messages` only its kind is told. Contents of arrays and files are left out of a message in any case.
    """
    parts = []
    chain: BaseException | None = error
    seen: set[int] = set()
    while chain is not None and id(chain) not in seen:
        seen.add(id(chain))
        lines = "".join(traceback.format_tb(chain.__traceback__))
        if isinstance(chain, WorkerError):
            what = str(chain) if messages else chain.where
        else:
            what = f"{type(chain).__qualname__}: {_without_contents(str(chain))}" if messages else type(chain).__qualname__
        parts.append(f"Traceback (most recent call last):\n{lines}{what}")
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    return "\n\n".join(reversed(parts))


def _without_contents(message: str) -> str:
    return _BYTES.sub("b'...'", _ARRAY.sub("[...]", message))
