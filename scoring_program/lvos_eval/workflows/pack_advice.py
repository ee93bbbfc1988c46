"""What `check` and `score` say of `pack`: the command that puts a submission right, where there is one.

The check says what is wrong; whether `pack` can do something about it is found out by the same calls with which it begins. So a
command is printed only where `pack` meets nothing but choices, and it names the options that choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.diagnostics.text import printable, quoted
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.ground_truth import known_sizes
from lvos_eval.reference.manifest import Manifest
from lvos_eval.submission.listing import Submission
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.restoration import FILL_MISSING, KEEP_LABELS, RESIZE, Restoration
from lvos_eval.workflows.loose_masks import has_arrays
from lvos_eval.workflows.pack_doubts import report_unsized
from lvos_eval.workflows.pack_round import CheckedMasks, KnownMasks, Packing

__all__ = ["PackAdvice", "PackCommand"]

_OUTPUTS: Final = ("submission.zip", "packed.zip")
"""The second one where the first one is what is packed."""
_MOST_FILES: Final = 40
"""For each annotated frame: a file for every picture in between and every object."""
_TOO_LARGE: Final = "size-limit"
"""A warning; what is packed is as small as it can be."""
_MEANINGS: Final[Mapping[str, str]] = {
    RESIZE: "stretches masks by the nearest pixel: undo a crop or padding before, and if you can, save at the right size",
    FILL_MISSING: "adds EMPTY masks, in which every object is missed: if you can, add the real ones",
    KEEP_LABELS: "leaves the labels as they are: if they are not the ids, save the masks again",
}


@dataclass(frozen=True, slots=True)
class PackCommand:
    """How the command is typed by whoever reads of it."""

    masks: str
    reference: str
    options: str = ""
    """Those of the check that it has to share, each with a space before it."""
    note: str = ""
    """What its reader has to know, in front of `run`."""

    @classmethod
    def here(cls, masks: Path, reference: ReferenceChoice, *, strict: bool) -> PackCommand:
        """For somebody who has just checked these masks."""
        return cls(str(masks), str(reference.path), _shared(reference, strict))

    @classmethod
    def elsewhere(cls, manifest: Manifest, reference: ReferenceChoice, *, strict: bool) -> PackCommand:
        """For somebody who reads of it on a server, where the masks have other paths."""
        note = "with lvos-eval and the metadata, which are in the starting kit, and with masks for what you uploaded, "
        rules = replace(reference, protocol=manifest.rules.protocol, task=manifest.rules.task)
        return cls("masks", manifest.metadata_name, _shared(rules, strict), note)

    def text(self, options: Sequence[str]) -> str:
        """The command with more options, as it is typed in the folder from which the masks were checked."""
        output = next(name for name in _OUTPUTS if Path(name).resolve() != Path(self.masks).resolve())
        added = "".join(f" {option}" for option in options)
        paths = f"{quoted(self.masks)} --reference {quoted(self.reference)} --output {output}"
        return f"lvos-eval pack {paths}{self.options}{added}"


def _shared(reference: ReferenceChoice, strict: bool) -> str:
    options = {"protocol": reference.protocol, "task": reference.task, "set": reference.image_set}
    shared = "".join(f" --{name} {quoted(value)}" for name, value in options.items() if value is not None)
    return shared + (" --strict" if strict else "")


@dataclass(frozen=True, slots=True)
class PackAdvice:
    """Puts the command of `pack` into the fixes of what it can put right."""

    path: Path
    command: PackCommand
    packing: Packing
    """Without any choice."""
    foreign: bool
    """Whether a stranger has sent the masks; arrays are not opened then."""

    def __call__(
        self, submission: Submission, findings: Mapping[str, VideoFindings], problems: tuple[Problem, ...]
    ) -> tuple[Problem, ...]:
        """The same problems. Masks without `findings` are read; raises RunStoppedError where they change meanwhile."""
        if self.packing.manifest.protocol.upload_folder is None or not any(map(_is_doubtful, problems)):
            return problems
        if self.foreign and (has_arrays(submission) or self._is_flood(submission)):
            return problems
        found = self.packing.check(self.path, KnownMasks(submission.masks, findings))
        if found.hopeless:
            return problems
        options = dict.fromkeys(option for item in found.choices if len(item.ways) == 1 for option in item.ways)
        if FILL_MISSING in options and self._unsized(found):
            return problems
        fix = self._fix([*options], found.choices)
        chosen = {item.problem for item in found.choices}
        return tuple(
            replace(problem, fix=fix)
            if problem.severity is Severity.ERROR or problem.code == _TOO_LARGE or problem in chosen
            else problem
            for problem in problems
        )

    def _is_flood(self, submission: Submission) -> bool:
        """Whether there are so many files that nobody can mean them as masks; on a server they would only take time."""
        files = len(submission.extra_files)
        files += sum(map(len, submission.masks.values())) + sum(map(len, submission.others.values()))
        return files > _MOST_FILES * sum(len(video.annotated) for video in self.packing.manifest.videos)

    def _unsized(self, found: CheckedMasks) -> bool:
        """Whether the size of an empty mask is not known."""
        collector = ProblemCollector()
        report_unsized(self.packing.manifest, found.submission, known_sizes(self.packing.manifest), collector)
        return collector.has_errors

    def _fix(self, options: Sequence[str], choices: Sequence[Restoration]) -> str:
        """What to type with these options, and with those of the choices between several.

        The command comes last, so that it can be copied up to the end.
        """
        several = dict.fromkeys(item.alternatives for item in choices if len(item.ways) > 1)
        meanings = "".join(f"{option} {_MEANINGS[option]}. " for option in options if option in _MEANINGS)
        chosen = "".join(f", with {alternatives}, whichever is right" for alternatives in several)
        begin = f"{self.command.note}run"
        begin = f"{begin[0].upper()}{begin[1:]}" if meanings else begin
        return printable(f"{meanings}{begin}{chosen}: {self.command.text(options)}")


def _is_doubtful(problem: Problem) -> bool:
    """Whether it may be a reason to pack."""
    return (
        problem.severity is Severity.ERROR or problem.code == _TOO_LARGE or (problem.code == "extra-frame" and not problem.usual)
    )
