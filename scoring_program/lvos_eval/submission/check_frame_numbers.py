"""Masks under other names than those of their frames: which rule leads to the right ones, or that no rule can be told."""

from __future__ import annotations

from collections.abc import Sequence

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, listed, these_videos
from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.reference.manifest import Video
from lvos_eval.submission.frame_numbering import Naming
from lvos_eval.submission.restoration import SURE, Restorations, Way, rename_by

__all__ = ["report_naming"]


def report_naming(
    members: Sequence[tuple[Video, Naming]], layout: MaskLayout, collector: ProblemCollector, restorations: Restorations
) -> None:
    """Reports masks under other names, numbered alike in all the videos."""
    (video, naming), several = members[0], len(members) > 1
    names = [one.name for one, _ in members]
    prefix = f"{video.name}/" if several else ""
    number = sum(len(found.names) for _, found in members)
    of_videos = f" of {these_videos(one.name for one, _ in members)}" if several else ""
    if naming.rule is None:
        shown = naming.readings[:3] if len(naming.readings) < 4 else (*naming.readings[:2], naming.readings[-1])
        frames = [f"frame {layout.name(rule.frame(naming.numbers[0]))} ({rule.pattern(layout)})" for rule in shown]
        meant = f"{', '.join(frames[:-1])}{', ...' if len(shown) < len(naming.readings) else ''} or {frames[-1]}"
        problem = collector.add(
            "misnamed-frames",
            f"{counted(number, 'mask')}{of_videos} {'is' if number == 1 else 'are'} under other names, {naming.in_words}, and "
            f"the names do not show of which frames: {prefix}{naming.names[0]} can be the mask of {meant}, n being the number in "
            "a name.",
            f"write the masks again, each under {layout.digits_of('the')} of its own frame, which are the name of the "
            "picture that it was made from, and .png. This cannot be undone by renaming unless you know the frame of the first "
            "mask.",
            video=None if several else video.name,
            frames=() if several else video.scored,
        )
        restorations.add(problem, names, {rename_by(rule.formula): Way() for rule in naming.readings})
        return
    examples = [0, 1, len(naming.names) - 1] if len(naming.names) > 2 else range(len(naming.names))
    renamed = ", ".join(f"{prefix}{naming.names[i]} -> {layout.name(naming.rule.frame(naming.numbers[i]))}.png" for i in examples)
    message = f"{counted(number, 'mask')}{of_videos} {'is' if number == 1 else 'are'} there under other names: {naming.in_words} "
    message += f"({renamed})."
    fix = "copy each into a new folder (renaming in place may overwrite others); where its name has the number n, "
    fix += f"its right name is {naming.rule.pattern(layout)}."
    surplus = [f"{one.name}/{name}" if several else name for one, found in members for name in _not_annotated(one, found)]
    if surplus:
        is_ = "is of a frame" if len(surplus) == 1 else "are of frames"
        message += f" {len(surplus):,} of them {is_} where no object is annotated: {listed(surplus)}."
        fix += " Masks of frames without annotation can be left out."
    placed = {naming.rule.frame(number) for number in naming.numbers}
    problem = collector.add(
        "misnamed-frames",
        message,
        fix,
        video=None if several else video.name,
        frames=() if several else sorted(placed & set(video.scored)),
    )
    restorations.add(problem, names, {SURE: Way()})


def _not_annotated(video: Video, naming: Naming) -> list[str]:
    """The misnamed masks that nobody asks for."""
    assert naming.rule is not None
    annotated = video.annotated
    return [name for name, number in zip(naming.names, naming.numbers, strict=True) if naming.rule.frame(number) not in annotated]
