"""The reference data of a phase: checked, sealed with its settings, and packed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from competition.bundles.data_sets import data_set_members, stand_in_members
from competition.bundles.zips import Members, write_zip
from competition.settings import Phase
from lvos_eval.formats.litter import is_litter
from lvos_eval.formats.text_files import Yaml, read_yaml
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import UNSEEN
from lvos_eval.reference.checks import ReferenceCheck, ReferenceSummary
from lvos_eval.reference.exclusions import write_runs
from lvos_eval.reference.ground_truth import known_sizes
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.metadata import ATTRIBUTE_SUFFIX, METADATA_NAMES
from lvos_eval.reference.settings import SETTINGS_FILE, Disclosure
from lvos_eval.reference.video_lists import UNSEEN_LIST, UNSUPERVISED_LIST

__all__ = ["Split", "pack_reference", "public_metadata"]


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
    def is_described(self) -> bool:
        """Whether metadata gives the frames of each object; else lists and masks say what there is."""
        return self.manifest.protocol.videos == "metadata"

    @property
    def frames_to_send(self) -> int:
        """Masks in a complete submission: one for every annotated frame, scored or not."""
        return sum(len(video.annotated) for video in self.manifest.videos)


def pack_reference(split: Split, path: Path) -> Path:
    """Writes the zip that a platform unpacks to `ref/`: metadata, lists, settings with the seal, masks if they go there."""
    members = dict(_metadata_members(split) if split.is_described else data_set_members(split.manifest))
    members[SETTINGS_FILE] = _sealed_settings(split).encode()
    return write_zip(path, members)


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
    described = _described_videos(split) if split.is_described else stand_in_members(split.manifest)
    members: Members = {**described, SETTINGS_FILE: yaml.safe_dump(rules).encode()}
    return {f"{prefix}{name}": content for name, content in members.items()}


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
