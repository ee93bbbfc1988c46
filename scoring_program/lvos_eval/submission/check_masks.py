"""What the masks of a submission show, as problems that a person can act on.

Only sizes and the submitted pixels are looked at, never ground-truth pixels: what is said here can be said in public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import SAVE_IDS, listed
from lvos_eval.formats.mask_issues import WrongSize
from lvos_eval.protocols.contract import VOID_LABEL, MaskEncoding, Pairing
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.submission.check_encodings import report_encodings
from lvos_eval.submission.check_files import find_issues
from lvos_eval.submission.check_labels import find_greys, find_one, find_proposals, find_white
from lvos_eval.submission.check_objects import report_absent, report_unknown
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.problem_groups import Causes
from lvos_eval.submission.repairs import ANY_DEPTH, CHANNEL
from lvos_eval.submission.restoration import Restorations

__all__ = ["check_masks"]


def check_masks(manifest: Manifest, findings: Mapping[str, VideoFindings], collector: ProblemCollector) -> Restorations:
    """What the decoded masks show: unreadable, wrongly saved or wrongly sized masks, undeclared and absent objects.

    Returns what can be done about it.
    """
    restorations = Restorations()
    protocol = manifest.protocol
    multiple = protocol.pairing is Pairing.ASSIGNMENT
    videos = {video.name: (video, findings[video.name]) for video in manifest.videos if video.name in findings}
    labelled = {name: (protocol.labels(video.ids), found) for name, (video, found) in videos.items()}
    causes = Causes(videos)
    channel = ANY_DEPTH if any(_has_packed(found) for _, found in videos.values()) else CHANNEL
    is_binary = protocol.encoding is MaskEncoding.BINARY
    find_issues(labelled, channel, causes, [name for name, (video, _) in videos.items() if is_binary or video.object_folders])
    explained: frozenset[str] = frozenset()
    if protocol.encoding.is_label_map:
        label_maps = {name: found for name, found in labelled.items() if not videos[name][0].object_folders}
        explained = report_encodings(label_maps, collector, restorations, shades=not multiple, channel=channel)
    rest = [videos[name] for name in videos if name not in explained]
    rest = [(video, found) for video, found in rest if not find_greys(video, labelled[video.name][0], found, channel, causes)]
    # where another video's only object has its id, 255 stands for something else: void
    ids_are_known = any(len(video.ids) == 1 and found.present - found.strays for video, found in videos.values())
    if multiple:
        rest = [(video, found) for video, found in rest if not find_proposals(video, found, causes, void=protocol.submits_void)]
    elif not ids_are_known:
        void = any(VOID_LABEL in found.unknown_pixels and found.present - found.strays for _, found in videos.values())
        rest = [(video, found) for video, found in rest if not find_white(video, found, channel, causes, void=void)]
    if not multiple and not any(len(video.ids) == 1 and video.ids != (1,) and found.present for video, found in videos.values()):
        rest = [(video, found) for video, found in rest if not find_one(video, found, channel, causes)]
    causes.report(collector, restorations)
    if len(rest) == len(videos) and _report_nothing(rest, collector):
        return restorations
    if not multiple:
        refused = protocol.refuses_other_labels
        report_unknown(rest, collector, void=protocol.submits_void and not refused, refused=refused)
        report_absent(rest, collector)
    return restorations


def _has_packed(found: VideoFindings) -> bool:
    """Whether a mask has greys of fewer than 8 bits."""
    kinds = {mask.kind for mask in found.values} | {issue.kind for issue in found.issues if isinstance(issue, WrongSize)}
    return any(kind.is_packed for kind in kinds)


def _report_nothing(videos: Sequence[tuple[Video, VideoFindings]], collector: ProblemCollector) -> bool:
    """Reports that no mask of the submission holds an object, where every mask could be looked at; whether it did."""
    if any(found.issues or found.present for _, found in videos) or not any(found.inspected for _, found in videos):
        return False
    labels = sorted(frozenset().union(*(found.unknown_pixels for _, found in videos)))
    held = f"hold the label{'' if len(labels) == 1 else 's'} {listed(labels, 8)}, which no object has" if labels else "are all 0"
    collector.add(
        "nothing-predicted",
        f"no object has a pixel in any scored frame of any video: the masks {held}.",
        f"save what the method found, each object with the id that it has in the mask of its first frame: {SAVE_IDS}.",
    )
    return True
