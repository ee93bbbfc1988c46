"""The reference data of a phase: checked, sealed with its settings, and packed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from competition.bundles.zips import Members, write_zip
from competition.settings import Phase
from lvos_eval.formats.label_png import encode_labels
from lvos_eval.formats.litter import is_litter
from lvos_eval.formats.text_files import Yaml, read_text, read_yaml
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import UNSEEN
from lvos_eval.reference.checks import ReferenceCheck, ReferenceSummary
from lvos_eval.reference.exclusions import write_runs
from lvos_eval.reference.ground_truth import find_sizes, known_sizes
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.metadata import ATTRIBUTE_SUFFIX, METADATA_NAMES
from lvos_eval.reference.settings import SETTINGS_FILE, Disclosure
from lvos_eval.reference.video_lists import UNSEEN_LIST, UNSUPERVISED_LIST

__all__ = ["Split", "pack_reference", "public_metadata"]


_BLACK: Final = bytes(3)


@dataclass(frozen=True, slots=True)
class Split:
    """The reference data that a phase is scored against; `check` has no errors."""

    phase: Phase
    check: ReferenceCheck
    detail: Disclosure

    @property
    def manifest(self) -> Manifest:
        assert self.check.manifest is not None
        return self.check.manifest

    @property
    def summary(self) -> ReferenceSummary:
        assert self.check.summary is not None
        return self.check.summary

    @property
    def has_metadata(self) -> bool:
        """Whether a file describes the videos; else they are what lists and annotations say."""
        return self.manifest.declares_objects

    @property
    def frames_to_send(self) -> int:
        """Masks in a complete submission: one for every annotated frame, scored or not."""
        return sum(len(video.annotated) for video in self.manifest.videos)


def pack_reference(split: Split, path: Path) -> Path:
    """Writes the zip that a platform unpacks to `ref/`: metadata, lists, settings with the seal, masks if they go there."""
    members = dict(_metadata_members(split) if split.has_metadata else _image_set_members(split))
    members[SETTINGS_FILE] = _sealed_settings(split).encode()
    return write_zip(path, members)


def _image_set_members(split: Split) -> Members:
    """The list of videos, and every annotation of them: each file there is a frame."""
    manifest = split.manifest
    layout = manifest.protocol.layout
    file = manifest.folder / layout.image_sets / manifest.metadata_name
    members: dict[str, bytes | Path] = {f"{layout.image_sets}/{file.name}": file}
    for name in read_text(file).split():
        folder = manifest.ground_truth(name)
        members |= {f"{layout.annotations}/{name}/{mask.name}": mask for mask in folder.glob("*.png") if not is_litter(mask.name)}
    return members


def _metadata_members(split: Split) -> Members:
    manifest = split.manifest
    layout = manifest.protocol.layout
    members: dict[str, bytes | Path] = {
        file.name: file
        for file in manifest.folder.iterdir()
        if file.name in (*METADATA_NAMES, UNSEEN_LIST, UNSUPERVISED_LIST)
        or (file.name.endswith(ATTRIBUTE_SUFFIX) and not is_litter(file.name))
    }
    # the published lists go with the data once they are in use
    if UNSEEN_LIST not in members and manifest.protocol.group_list and not manifest.rules.unseen_none:
        members[UNSEEN_LIST] = _listed(video.name for video in manifest.videos if video.group == UNSEEN)
    if UNSUPERVISED_LIST not in members and manifest.rules.task is Task.UNSUPERVISED_SINGLE:
        members[UNSUPERVISED_LIST] = _listed(video.name for video in manifest.videos)
    for video in manifest.videos if split.phase.masks is None else ():
        for frame in video.annotated:
            mask = manifest.ground_truth(video.name) / f"{layout.name(frame)}.png"
            if mask.is_file():
                members[f"{layout.annotations}/{video.name}/{mask.name}"] = mask
    return members


def _sealed_settings(split: Split) -> str:
    """The organiser's settings with what the phase adds: the seal, the detail that may be shown, the deadline."""
    file = split.manifest.folder / SETTINGS_FILE
    content: Yaml | None = read_yaml(file) if file.is_file() else None
    settings: dict[str, Any] = dict(content) if isinstance(content, dict) else {}
    own = split.check.settings.limits.time_limit
    settings["protocol"] = str(split.manifest.rules.protocol)
    settings["task"] = str(split.manifest.rules.task)
    settings["detail"] = str(split.detail)
    settings["time_limit"] = min(own, split.phase.own_deadline) if own is not None else split.phase.own_deadline
    settings["ground_truth"] = split.check.digest
    settings.pop("masks", None)
    if split.phase.masks is not None:
        settings["masks"] = split.phase.masks
    return yaml.safe_dump(settings, sort_keys=True, allow_unicode=True)


def public_metadata(split: Split, prefix: str) -> Members:
    """What participants need to check a submission for this phase: videos, objects, ranges and sizes, but nothing of masks."""
    manifest = split.manifest
    rules: dict[str, Any] = {"protocol": str(manifest.rules.protocol), "task": str(manifest.rules.task)}
    excluded = {video.name: write_runs(video.excluded, video.annotated) for video in manifest.videos if video.excluded}
    if excluded:
        rules["exclude"] = excluded
    described = _described_videos(split) if split.has_metadata else _stand_ins(split)
    members: Members = {**described, SETTINGS_FILE: yaml.safe_dump(rules).encode()}
    return {f"{prefix}{name}": content for name, content in members.items()}


def _stand_ins(split: Split) -> Members:
    """A data set whose annotations say only what is public: the frames, their size and the number of objects."""
    manifest = split.manifest
    layout = manifest.protocol.layout
    names = [video.name for video in manifest.videos]
    members: dict[str, bytes | Path] = {f"{layout.image_sets}/{manifest.metadata_name}": _listed(names)}
    sizes = find_sizes(manifest)
    for video in manifest.videos:
        size = sizes[video.name]
        labels = np.zeros(size or (1, 1), np.uint8)
        empty = encode_labels(labels, _BLACK)
        # the objects are all labels up to the highest of the first mask
        labels[0, 0] = max(video.ids)
        first = encode_labels(labels, _BLACK)
        frames = sorted(video.annotated)
        members |= {
            f"{layout.annotations}/{video.name}/{layout.name(frame)}.png": first if frame == frames[0] else empty
            for frame in frames
        }
    return members


def _described_videos(split: Split) -> Members:
    """The metadata of the videos, and the list of those that are asked for."""
    manifest = split.manifest
    sizes = known_sizes(manifest)
    videos: dict[str, Any] = {}
    for video in manifest.videos:
        objects = {
            str(item.object_id): {
                "frame_range": {"start": item.range.start, "end": item.range.end, "frame_nums": item.range.frame_nums}
            }
            for item in video.objects
        }
        size = sizes[video.name]
        videos[video.name] = {"objects": objects} | ({"image_size": list(size)} if size else {})
    members: dict[str, bytes | Path] = {"meta.json": (json.dumps({"videos": videos}, indent=1) + "\n").encode()}
    if manifest.rules.task is Task.UNSUPERVISED_SINGLE:
        members[UNSUPERVISED_LIST] = _listed(videos)
    return members


def _listed(names: Iterable[str]) -> bytes:
    """Video ids as a list file holds them."""
    return "".join(f"{name}\n" for name in names).encode()
