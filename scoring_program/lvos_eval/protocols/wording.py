"""The rules of a protocol in words, for people who want to know what a number is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lvos_eval.metrics.definition import TOLERANCE_FRACTION
from lvos_eval.protocols.contract import PROPOSALS, EvaluationProtocol, MaskEncoding, Measures, Pairing

__all__ = ["rules_in_words"]

_ENCODINGS: Final[Mapping[MaskEncoding, str]] = {
    MaskEncoding.LABEL_MAP: "one channel, the value of a pixel is the label of its object, 0 is background",
    MaskEncoding.LABEL_MAP_OR_WHITE: "one channel, the value of a pixel is the label of its object, 0 is background, 255 is 1",
    MaskEncoding.SALIENCY: "one channel, foreground in two values or from 127 on is the only object of the video",
    MaskEncoding.BINARY: "one channel, the one value that is not 0 is the only object of the video",
}
_PAIRINGS: Final[Mapping[Pairing, str]] = {
    Pairing.BY_ID: "each object with the label of the same number",
    Pairing.ASSIGNMENT: f"each object with one of the labels 1 to {PROPOSALS[-1]}, by the best one-to-one assignment",
}
_DIAGONAL: Final = f"{TOLERANCE_FRACTION} of the frame's diagonal"
_MEASURES: Final[Mapping[Measures, str]] = {
    Measures.STANDARD: f"J and F, with a tolerance of {_DIAGONAL}, rounded up to whole pixels",
    Measures.ADAPTIVE: "J with 1 added to both counts; F_new, with a tolerance of a tenth of the root of the object's area, "
    f"rounded up, but {_DIAGONAL} at most; F, with one of {_DIAGONAL}, rounded up if F_new has a smaller one",
}


def rules_in_words(protocol: EvaluationProtocol) -> dict[str, str | list[str]]:
    """What a protocol decides, by what that is; "" and [] where there is nothing to say."""
    layout, summary = protocol.layout, protocol.summary
    name = f"{'<text>' if layout.own_prefixes else layout.prefix}<{layout.digits} digits>.png"
    name = f"<object>/{name} or <video>/{name}" if layout.object_folders else name
    lists = [f"{folder}/<set>.txt" for folder in (layout.newer_image_sets, layout.image_sets) if folder]
    refused = protocol.refuses_other_labels or protocol.pairing is Pairing.ASSIGNMENT or protocol.encoding is MaskEncoding.BINARY
    has_f = any(statistic.name == "F" for statistic in protocol.statistics)
    return {
        "source": protocol.source,
        "task": str(protocol.task),
        "ground truth": f"{layout.annotations}/<video>/{name}",
        "submission": f"<video>/{name}",
        "videos": " or ".join(lists) or protocol.videos_in_words,
        "objects": protocol.objects,
        "frames": protocol.frame_rule.description,
        "values of an object": f"begin {protocol.starts.value}",
        "missing videos": protocol.missing_videos.value,
        "masks": _ENCODINGS[protocol.encoding]
        + ("; that of an object: what is not 0 is the object" if layout.object_folders else ""),
        "compared": _PAIRINGS[protocol.pairing] if protocol.encoding.is_label_map else "",
        "other labels": "make a submission invalid" if refused else "are background, with a warning",
        "measures": _MEASURES[protocol.measures] if has_f else "J",
        "scores": list(summary.keys),
        "quoted in papers": list(summary.headline),
        "lower is better": [key for key in summary.keys if key in summary.lower_is_better],
        "unit": "percent" if summary.perfect == 100 else "from 0 to 1",
        "groups": list(summary.groups),
        "official files": [file.name.format(set="<set>") for file in protocol.files],
        "as the official tool": list(protocol.quirks),
    }
