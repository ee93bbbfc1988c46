"""What is said of masks that do not have the size of their video."""

from __future__ import annotations

from fractions import Fraction

from lvos_eval.diagnostics.text import listed
from lvos_eval.masks.packed import FrameSize
from lvos_eval.submission.problem_groups import Cause, Values, Where
from lvos_eval.submission.repairs import from_expression
from lvos_eval.submission.restoration import RESIZE, TRANSPOSE, Resized, Transposed, Way

__all__ = ["explain_size"]


def explain_size(found: FrameSize, wanted: FrameSize, channel: str) -> Cause:
    """Why masks have another size; `channel` is how their values are read in a fix."""
    if found == _swapped(wanted):
        return _explain_swapped(found, wanted, channel)
    message = f"the mask has {found} instead of {wanted} pixels"
    resize = f"cv2.resize(mask, ({wanted.width}, {wanted.height}), interpolation=cv2.INTER_NEAREST)"
    before = after = ""
    across = Fraction(found.width, wanted.width).limit_denominator(16)
    down = Fraction(found.height, wanted.height).limit_denominator(16)
    # 854 is not quite two thirds of 1280
    if across == down and abs(found.width - wanted.width * across) < 1 and abs(found.height - wanted.height * down) < 1:
        message += f", {across} of the width and height" if across < 1 else f", {across} times the width and height"
        if across.denominator > 1:
            after = " What a resize has lost does not come back: if you can, save at the right size."
    else:
        message += ": it is cropped, padded or stretched"
        before = "undo crop and padding before saving; where the mask is only stretched, "
    return Cause(
        "wrong-size",
        lambda _, __: f"{message}.",
        lambda _, where: f"{before}{from_expression(resize, _of_size('this size', where), channel)}.{after}",
        ways=lambda _: {RESIZE: Way(Resized(f"masks of {found} pixels resized to {wanted}", found))},
    )


def _swapped(size: FrameSize) -> FrameSize:
    return FrameSize(height=size.width, width=size.height)


def _of_size(size: str, where: Where) -> str:
    # a video has one size, so that of one video nothing more needs to be said
    return f"every mask of {size}{'' if where is Where.VIDEO else where}"


def _explain_swapped(found: FrameSize, wanted: FrameSize, channel: str) -> Cause:
    def message(values: Values, several: bool) -> str:
        sizes = [f"{size} instead of {_swapped(size)}" for size in sorted(values.ids, key=lambda size: (size.width, size.height))]
        has = "the masks have" if several else "the mask has"
        return f"{has} {listed(sizes, len(sizes))} pixels: width and height are swapped."

    def fix(values: Values, where: Where) -> str:
        which = _of_size("this size" if len(values.ids) == 1 else "these sizes", where)
        how = "save the array as it is, of shape (height, width). If it was transposed, not turned"
        square = "In square videos this cannot be seen: if theirs were transposed as well, do the same with them"
        return f"{how}, {from_expression('mask.swapaxes(0, 1)', which, channel)}. {square}."

    # where another video has this size rightly, it does not share the fix
    return Cause(
        "wrong-size",
        message,
        fix,
        Values(frozenset((found, wanted)), {found: 1}),
        lambda _: {option: Way(Transposed("masks with swapped width and height transposed")) for option in TRANSPOSE},
    )
