"""Why the files of masks cannot be used: the one place where an issue becomes the sentences that a participant reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from lvos_eval.diagnostics.text import SAVE_IDS, listed
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_issues import (
    DamagedMember,
    NotBinary,
    NotIndexed,
    NotLabels,
    NotPng,
    NotSalient,
    Overlap,
    TooLarge,
    Unreadable,
    WrongSize,
)
from lvos_eval.submission.check_colours import NOT_UNDONE, ColourExplainer
from lvos_eval.submission.check_sizes import explain_size
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.problem_groups import Cause, Causes, plain
from lvos_eval.submission.repairs import from_expression
from lvos_eval.submission.restoration import OVERLAPS, SURE, FromValues, Way

__all__ = ["find_issues"]


def find_issues(
    videos: Mapping[str, tuple[Sequence[int], VideoFindings]],
    channel: str,
    causes: Causes,
    binary: Collection[str] = (),
) -> None:
    """Adds the cause of every issue; `videos` are their ids and findings, `channel` is how values are read in a fix.

    In the videos `binary` a mask shows one object, whose values are no ids.
    """
    colours = ColourExplainer({name: found for name, found in videos.items() if name not in binary})
    kinds: defaultdict[ImageKind, set[str]] = defaultdict(set)
    for name, (_, found) in videos.items():
        for issue in found.issues:
            if isinstance(issue, NotIndexed):
                kinds[issue.kind].add(name)
    for name, (_, found) in videos.items():
        for issue, frames in found.issues.items():
            match issue:
                case Unreadable() | NotPng() | TooLarge():
                    causes.add(_explain_unreadable(issue), name, sorted(frames))
                case DamagedMember(reason):
                    fix = "zip again and upload again; a file that changed while it was zipped looks like this."
                    causes.add(plain("archive-damaged", f"{reason}.", fix), name, sorted(frames))
                case WrongSize(_, size, wanted):
                    causes.add(explain_size(size, wanted, channel), name, sorted(frames))
                case NotLabels(reason):
                    causes.add(plain("unreadable-mask", f"{reason}.", NOT_UNDONE), name, sorted(frames))
                case Overlap():
                    causes.add(_explain_overlap(), name, sorted(frames))
                case NotSalient():
                    causes.add(_explain_salient(found), name, sorted(frames))
                case NotBinary():
                    causes.add(_explain_binary(found), name, sorted(frames))
                case NotIndexed(kind) if name in binary:
                    causes.add(_explain_channels(kind), name, sorted(frames))
                case NotIndexed(kind):
                    causes.add(colours.explain(name, kind), name, sorted(frames), kinds[kind])
                case _:
                    assert_never(issue)


def _explain_unreadable(issue: Unreadable | NotPng | TooLarge) -> Cause:
    match issue:
        case NotPng():
            fix = f"save it as PNG, not only under the name of one: {SAVE_IDS}. JPEG changes the ids."
        case TooLarge():
            fix = f"save the ids at the size of the video: {SAVE_IDS}."
        case Unreadable():
            fix = "write the mask again; a full disk or a copy that broke off looks like this."
    return plain("unreadable-mask", f"the mask cannot be read: {issue}.", fix)


def _explain_overlap() -> Cause:
    message = "the masks of single objects overlap, and a pixel has one label."
    fix = "say which object a pixel of several belongs to: the one of the lowest id, of the highest, or with more pixels."
    return replace(plain("ids-encoded", message, fix), ways=lambda _: dict.fromkeys(OVERLAPS, Way()))


def _explain_channels(kind: ImageKind) -> Cause:
    # transparency, the last of two or four channels, says nothing of the object
    shown = "(a := numpy.atleast_3d(mask))[..., : (a.shape[2] - 1) // 2 * 2 + 1].any(2)"
    return Cause(
        "not-indexed",
        lambda _, __: f"{kind} image; a mask has one channel of at most 8 bits, and what is not 0 is the object.",
        lambda _, where: f"{from_expression(shown, f'every mask{where}')}.",
    )


def _explain_binary(found: VideoFindings) -> Cause:
    values = sorted({value for issue in found.issues if isinstance(issue, NotBinary) for value in issue.values})
    message = f"a mask of one object holds the values {listed(values, 8)}; it has two at most, and what is not 0 is the object."
    return plain("not-binary", message, f"write 255 where the object is and 0 elsewhere: {SAVE_IDS}.")


def _explain_salient(found: VideoFindings) -> Cause:
    values = sorted({value for issue in found.issues if isinstance(issue, NotSalient) for value in issue.values})
    message = f"the values are {' and '.join(map(str, values))}; a salient map has 0 and 1, 0 and 255, or shades of grey."
    if len(values) == 2 and values[0] == 0:
        return Cause(
            "not-salient",
            lambda _, __: message,
            lambda _, where: f"{from_expression('mask > 0', f'every mask{where}')}.",
            ways=lambda _: {SURE: Way(FromValues("salient maps of two values", {values[1]: 1}))},
        )
    return plain("not-salient", message, f"write 1 where the object is and 0 elsewhere: {SAVE_IDS}.")
