"""Gathering every problem of a submission or of reference data; nothing is raised before all of them are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.problems import SUBMISSION_CODES, Problem, Severity
from lvos_eval.diagnostics.text import printable

__all__ = ["ProblemCollector"]


@dataclass(slots=True)
class ProblemCollector:
    """Gathers problems with the codes of one catalogue, which says of a code how severe it is and what it means.

    Names that somebody else chose are made harmless here, once for all outputs.
    """

    codes: Mapping[str, tuple[Severity | None, str]] = field(default_factory=lambda: SUBMISSION_CODES)
    digits: int = 8
    """Of a frame in the names of masks."""
    _found: list[Problem] = field(default_factory=list)

    def add(
        self, code: str, message: str, fix: str, *, video: str | None = None, frames: Iterable[int] = (), usual: bool = False
    ) -> Problem:
        """A problem of which the catalogue knows the severity; a `usual` one calls for nothing; returns it."""
        severity = self.codes[code][0]
        assert severity is not None, f"{code} has errors and warnings"
        return self._add(severity, code, message, fix, video, frames, usual)

    def error(self, code: str, message: str, fix: str, *, video: str | None = None, frames: Iterable[int] = ()) -> Problem:
        return self._add(Severity.ERROR, code, message, fix, video, frames)

    def warning(self, code: str, message: str, fix: str, *, video: str | None = None, frames: Iterable[int] = ()) -> Problem:
        return self._add(Severity.WARNING, code, message, fix, video, frames)

    def _add(
        self,
        severity: Severity,
        code: str,
        message: str,
        fix: str,
        video: str | None,
        frames: Iterable[int],
        usual: bool = False,
    ) -> Problem:
        assert code in self.codes
        where = None if video is None else printable(video)
        found = Problem(code, severity, where, tuple(sorted(frames)), printable(message), printable(fix), self.digits, usual)
        self._found.append(found)
        return found

    def extend(self, problems: Iterable[Problem]) -> None:
        """Problems that were found elsewhere, as they are."""
        self._found += problems

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, errors first, in an order that does not depend on how they were found."""
        return tuple(sorted(self._found, key=lambda problem: problem.sort_key))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def has_errors(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self._found)

    def raise_errors(self) -> None:
        """Raises ReferenceDataError with every error in the order in which they were found, where there is one."""
        errors = [problem for problem in self._found if problem.severity is Severity.ERROR]
        if errors:
            raise ReferenceDataError(errors)
