"""Scores of masks in memory, added frame by frame, as a training loop has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lvos_eval.api.arguments import StrPath, frame_number, label_map, reference_choice
from lvos_eval.api.results import ScoringResult
from lvos_eval.diagnostics.problems import frame_ranges
from lvos_eval.diagnostics.text import counted
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.label_map import DecodedMask, binary_labels, salient_labels, white_as_one
from lvos_eval.formats.mask_issues import LabelMapError
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.masks.finder import ObjectFinder
from lvos_eval.masks.packed import FrameSize, Labels
from lvos_eval.protocols.contract import VOID_LABEL, EvaluationProtocol, MaskEncoding, Pairing
from lvos_eval.protocols.frames import FrameList, ScoredFrames
from lvos_eval.protocols.lvos import SEEN
from lvos_eval.reference.ground_truth import combine_digests, frame_digest
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.settings import Disclosure, ScoringRules
from lvos_eval.scoring.chunks import objects_by_frame
from lvos_eval.scoring.pairing import ObjectPairs
from lvos_eval.scoring.publication import publish
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.scoring.run import matched_values, notes_on, object_scores
from lvos_eval.scoring.signature import signature
from lvos_eval.version import __version__

__all__ = ["Evaluator"]

_READS: Final[Mapping[MaskEncoding, Callable[[Labels, Sequence[int]], Labels]]] = {
    MaskEncoding.LABEL_MAP_OR_WHITE: lambda labels, _: white_as_one(labels),
    MaskEncoding.SALIENCY: lambda labels, ids: salient_labels(labels, *ids),
    MaskEncoding.BINARY: lambda labels, ids: binary_labels(labels, *ids),
}
"""What makes a label map of another mask, of a video with these objects."""
_SPLITS: Final = ("-seen-", "-unseen-")
_SHOWN: Final = 3
"""At most so many videos are named in a message."""


class _AddedFrame(NamedTuple):
    """What is kept of a frame; masks are not."""

    size: FrameSize
    values: Sequence[ObjectFrame]
    digest: bytes
    strangers: frozenset[int]
    """Labels of the prediction that are not objects."""


class Evaluator:
    """Takes ground truth and prediction of one frame after the other, in any order, and gives their scores.

    >>> import numpy as np
    >>> square = np.zeros((36, 48), np.uint8)
    >>> square[4:20, 4:20] = 1
    >>> evaluator = Evaluator()
    >>> evaluator.add("video", 0, square, square)
    >>> evaluator.add("video", 5, square, np.roll(square, 8, axis=1))
    >>> {key: round(value, 4) for key, value in evaluator.result().scores.items()}
    {'Overall': 0.6693, 'J-Mean': 0.6667, 'F-Mean': 0.6719, 'V-Mean': 0.3308}

    With a reference, a folder or its metadata file, the frames and objects count that its protocol scores, and the scores are
    those of `score` to the last bit, with the same signature if the ground truth is that of the reference. `protocol`, `task` and
    `image_set` are those of `score`.

    Without one, every added frame counts, and every label but 0 and 255 that the ground truth of a video has in any frame is an
    object: its J and F are the means over all frames of the video (1 where neither mask has it), those of the result the plain
    means over all objects.

    Memory is kept for a few numbers a frame. Raises ReferenceDataError where the reference is wrong, ValueError and TypeError for
    arguments.
    """

    def __init__(
        self,
        reference: StrPath | None = None,
        *,
        protocol: str | None = None,
        task: str | None = None,
        image_set: str | None = None,
    ) -> None:
        self._manifest: Manifest | None = None
        if reference is not None:
            asked = reference_choice(reference, protocol, task, image_set)
            self._manifest = load_manifest(asked.path, asked.settings().rules)
        elif (protocol, task, image_set) != (None, None, None):
            raise ValueError("protocol, task and image_set go with a reference; without one every frame and object counts")
        self._videos = {video.name: video for video in self._manifest.videos} if self._manifest else {}
        self._scored = {name: dict(objects_by_frame(video)) for name, video in self._videos.items()}
        self._added: dict[str, dict[int, _AddedFrame]] = {}

    def add(self, video: str, frame: int, ground_truth: ArrayLike, prediction: ArrayLike) -> None:
        """Takes the masks of one frame: label maps of shape (height, width), integers from 0 to 255 or booleans.

        Anything will do that numpy can make such an array of without a copy from another device. In the single-object task the
        prediction may be a salient map, as in a file. Frames of the reference that its protocol does not score are taken and
        left out.

        Raises ValueError for masks that are not label maps or differ in size, for a frame that was added before, and, with a
        reference, for a video, frame or size that it does not have or a label that its protocol refuses; nothing is added then.
        """
        if not isinstance(video, str):
            raise TypeError(f"video has to be a str, not {type(video).__name__}")
        frame = frame_number(frame)
        self._require(video, frame)
        truth, guess = label_map("ground_truth", ground_truth), label_map("prediction", prediction)
        self._require_size(video, truth, guess)
        added = self._compare_all(frame, truth, guess) if self._manifest is None else self._compare(video, frame, truth, guess)
        self._added.setdefault(video, {})[frame] = added

    def result(self) -> ScoringResult:
        """The scores of everything that was added so far, with full precision; more may be added later.

        Raises ValueError if nothing was added, or, with a reference, not yet every frame that its protocol scores.
        """
        if not self._added:
            raise ValueError("nothing was added: there are no scores")
        values: Mapping[str, Sequence[ObjectFrame]]
        signed = None
        if self._manifest is None:
            manifest, values = _without_reference(self._added)
        else:
            manifest, values = self._manifest, self._complete_values()
            digests = [
                (video, frame, self._added[video][frame].digest) for video, frames in self._scored.items() for frame in frames
            ]
            signed = signature(manifest, combine_digests(manifest, digests), __version__)
        scores = publish(object_scores(manifest, values), manifest.protocol.summary, Disclosure.FULL)
        splits = () if self._manifest else _SPLITS
        return ScoringResult(
            problems=(),
            notes=(*(notes_on(manifest, scores) if self._manifest else ()), *self._strangers(manifest)),
            scores={key: value for key, value in scores.values.items() if not any(split in key for split in splits)},
            objects=scores.objects,
            videos=scores.videos,
            signature=signed,
            detail=Disclosure.FULL,
            perfect=scores.perfect,
        )

    def _require(self, video: str, frame: int) -> None:
        """Raises ValueError if this frame may not be added."""
        if frame in self._added.get(video, ()):
            raise ValueError(f"frame {frame} of video {video!r} was added before")
        if self._manifest is None:
            return
        if video not in self._videos:
            raise ValueError(f"{self._manifest.metadata_name} has no video {video!r} that is scored")
        if self._videos[video].object_folders:
            raise ValueError(f"video {video!r} has a mask for each object and no label map; use lvos_eval.score")
        annotated = self._videos[video].annotated
        if frame not in annotated:
            known = frame_ranges(sorted(annotated), self._manifest.protocol.layout.digits)
            raise ValueError(f"no object of video {video!r} is annotated in frame {frame}; annotated are {known}")

    def _require_size(self, video: str, truth: Labels, guess: Labels) -> None:
        """Raises ValueError if the masks do not have the size that they should."""
        if truth.shape != guess.shape:
            raise ValueError(f"ground_truth has the shape {truth.shape} but prediction {guess.shape}")
        wanted = next((added.size for added in self._added.get(video, {}).values()), None)
        if wanted is None and video in self._videos:
            wanted = self._videos[video].size
        if wanted is not None and truth.shape != wanted:
            raise ValueError(f"the masks have the shape {truth.shape}, but the frames of video {video!r} {tuple(wanted)}")

    def _compare(self, name: str, frame: int, truth: Labels, guess: Labels) -> _AddedFrame:
        """The frame as the protocol compares it."""
        assert self._manifest is not None
        video, protocol = self._videos[name], self._manifest.protocol
        reads = _READS.get(protocol.encoding)
        if reads is not None:
            try:
                guess = reads(guess, video.ids)
            except LabelMapError as fault:
                raise ValueError(f"prediction is not a {protocol.encoding.value}: {fault}") from None
        ids, packed = self._scored[name].get(frame, ()), _packed(guess, protocol.labels(video.ids))
        if protocol.refuses_other_labels and ids and packed.unknown:
            raise ValueError(f"prediction has the label {min(packed.unknown)}, which is not an object of video {name!r}")
        return _compared(protocol, frame, ids, _packed(truth, protocol.truth_labels(video.ids)), packed)

    def _compare_all(self, frame: int, truth: Labels, guess: Labels) -> _AddedFrame:
        """The frame with every label that one of the masks has."""
        counts = np.bincount(truth.reshape(-1), minlength=256) + np.bincount(guess.reshape(-1), minlength=256)
        labels = [label for label in np.flatnonzero(counts).tolist() if label not in (0, VOID_LABEL)]
        return _compared(None, frame, tuple(labels), _packed(truth, labels), _packed(guess, labels))

    def _complete_values(self) -> Mapping[str, Sequence[ObjectFrame]]:
        """The values that count by video. Raises ValueError if there is a scored frame that was not added."""
        assert self._manifest is not None
        missing = {
            video: [frame for frame in frames if frame not in self._added.get(video, ())]
            for video, frames in self._scored.items()
        }
        missing = {video: frames for video, frames in missing.items() if frames}
        if missing:
            digits = self._manifest.protocol.layout.digits
            shown = [f"{video} {frame_ranges(frames, digits)}" for video, frames in list(missing.items())[:_SHOWN]]
            if len(missing) > len(shown):
                shown.append(f"and {counted(len(missing) - len(shown), 'more video')}")
            count = sum(map(len, missing.values()))
            raise ValueError(f"{counted(count, 'scored frame')} not added yet: {'; '.join(shown)}")
        values = {
            video: [value for frame in frames for value in self._added[video][frame].values]
            for video, frames in self._scored.items()
        }
        return matched_values(self._manifest, values)

    def _strangers(self, manifest: Manifest) -> list[str]:
        """What to say of labels that predictions have and no object."""
        notes = []
        for video in manifest.videos:
            found = {label for added in self._added.get(video.name, {}).values() for label in added.strangers}
            if self._manifest is None:
                found = {value.object_id for added in self._added[video.name].values() for value in added.values} - set(video.ids)
            if found:
                labels = ", ".join(map(str, sorted(found)))
                notes.append(f"{video.name}: no object has the label {labels} of the predictions")
        return notes


def _packed(labels: Labels, ids: Sequence[int]) -> DecodedMask:
    """A mask as it is after decoding."""
    return DecodedMask(FrameSize(*labels.shape), *ObjectFinder(ids).find(labels), MaskValues(ImageKind.GREY, b""))


def _compared(
    protocol: EvaluationProtocol | None, frame: int, ids: tuple[int, ...], truth: DecodedMask, guess: DecodedMask
) -> _AddedFrame:
    comparisons = ObjectPairs(Pairing.BY_ID)
    if protocol is not None:
        comparisons = ObjectPairs(protocol.pairing, protocol.ignored_label, protocol.measures)
    comparisons.add(frame, ids, truth, guess)
    strangers = frozenset(guess.unknown) - {VOID_LABEL}
    return _AddedFrame(truth.size, comparisons.values(), frame_digest(frame, truth), strangers)


def _without_reference(
    added: Mapping[str, Mapping[int, _AddedFrame]],
) -> tuple[Manifest, dict[str, list[ObjectFrame]]]:
    """What is asked if every frame and every label of the ground truth counts, and the values for it by video."""
    videos = []
    values: dict[str, list[ObjectFrame]] = {}
    for name in sorted(added):
        frames = sorted(added[name])
        ids = sorted({value.object_id for item in added[name].values() for value in item.values if value.visible})
        scored = ScoredFrames(tuple(frames), tuple(range(len(frames))), len(frames))
        videos.append(Video(name, tuple(VideoObject(label, FrameList(scored.frames), scored) for label in ids), SEEN))
        # where neither mask has an object, its absence is right
        nothing = {(label, frame): ObjectFrame(label, frame, 1.0, 1.0, False) for frame in frames for label in ids}
        found = {
            (value.object_id, frame): value for frame in frames for value in added[name][frame].values if value.object_id in ids
        }
        values[name] = list((nothing | found).values())
    if not any(video.objects for video in videos):
        raise ValueError("no object was added: every ground truth is empty")
    return Manifest(Path(), "", tuple(videos), ScoringRules()), values
