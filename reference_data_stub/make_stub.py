"""Makes the stub: a small synthetic reference data set and a sample submission with honest mistakes in it.

The files are the same to the byte on every machine and with every library version: shapes are drawn with whole numbers
only, and PNG and zip files hold their data uncompressed, because zlib's output differs between its versions.
"""

from __future__ import annotations

import argparse
import io
import json
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from scenes import VIDEOS, Labels

__all__ = ["FOLDER", "REFERENCE", "SUBMISSION", "differences", "main", "palette", "stub_files"]

FOLDER: Final = Path(__file__).resolve().parent
REFERENCE: Final = "reference"
SUBMISSION: Final = "sample_submission.zip"

SETTINGS: Final = """\
# The organiser's settings of this competition; every line is optional.
protocol: lvos-v2        # the frame rule: an object's first and last frame are not scored
task: semi-supervised    # the objects of the first frame are given
detail: full             # per-frame values in the outputs, only because this ground truth is public
exclude: {}              # frames with faulty ground truth, as `video: [106, 206-306]`; none here
"""


def palette(colours: int) -> bytes:
    """The first colours of the PASCAL VOC map, three bytes each: the bits of an id fill red, green, blue from the top down."""
    channels = ((object_id, channel) for object_id in range(colours) for channel in range(3))
    return bytes(
        sum((object_id >> 3 * place + channel & 1) << 7 - place for place in range(3)) for object_id, channel in channels
    )


def png(labels: Labels, depth: int) -> bytes:
    """A palette PNG of `depth` bits a pixel whose zlib stream has stored blocks only."""
    height, width = labels.shape
    bits = np.unpackbits(labels[:, :, None], axis=2)[:, :, 8 - depth :].reshape(height, width * depth)
    rows = np.packbits(bits, axis=1)
    data = np.pad(rows, ((0, 0), (1, 0))).tobytes()  # every row begins with its filter type, 0
    stream = b"\x78\x01"
    for start in range(0, len(data), 0xFFFF):
        block = data[start : start + 0xFFFF]
        stream += struct.pack("<BHH", start + 0xFFFF >= len(data), len(block), len(block) ^ 0xFFFF) + block
    stream += struct.pack(">I", zlib.adler32(data))
    header = struct.pack(">IIBBBBB", width, height, depth, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette(1 << depth)), (b"IDAT", stream), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def archive(members: Mapping[str, bytes]) -> bytes:
    """A zip of sorted, stored members without anything of this machine in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, content in sorted(members.items()):
            info = zipfile.ZipInfo(name)  # dated 1980-01-01, stored
            info.create_system, info.external_attr = 3, 0o100644 << 16
            target.writestr(info, content)
    return buffer.getvalue()


def stub_files() -> dict[str, bytes]:
    """The content of every file of the stub by its path below FOLDER."""
    names = [(video, k, f"{video.name}/{frame:08d}.png") for video in VIDEOS for k, frame in enumerate(video.frames)]
    metadata = {"videos": {video.name: video.metadata() for video in VIDEOS}}
    texts = {
        "valid_meta.json": json.dumps(metadata, indent=1) + "\n",
        "unseen_videos.txt": "".join(f"{video.name}\n" for video in VIDEOS if video.unseen),
        "unsupervised_videos.txt": "".join(f"{video.name}\n" for video in VIDEOS if len(video.starts) == 1),
        "scoring.yaml": SETTINGS,
    }
    files = {f"{REFERENCE}/{name}": text.encode() for name, text in texts.items()}
    files |= {f"{REFERENCE}/Annotations/{name}": png(video.truth(k), video.depth) for video, k, name in names}
    files[SUBMISSION] = archive({name: png(video.prediction(k), video.depth) for video, k, name in names})
    return files


def differences(folder: Path) -> list[str]:
    """What `folder` has otherwise than this script makes it: one sentence a file."""
    files = stub_files()
    found = {path.relative_to(folder).as_posix() for path in (folder / REFERENCE).rglob("*") if path.is_file()}
    found |= {name for name in files if (folder / name).is_file()}
    missing = [f"{name} is missing" for name in files if name not in found]
    changed = [f"{name} is different" for name in files if name in found and (folder / name).read_bytes() != files[name]]
    return sorted(missing + changed + [f"{name} is not made by this script" for name in found - set(files)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the stub next to this script, or with --check compares it; 0 if all is well, 1 if files differ."""
    parser = argparse.ArgumentParser(description="Makes the reference data stub and its sample submission.")
    parser.add_argument("--check", action="store_true", help="write nothing; name the files that differ and exit 1 if any does")
    if parser.parse_args(arguments).check:
        faults = differences(FOLDER)
        print("\n".join(faults) if faults else "the stub is what this script makes", file=sys.stderr if faults else sys.stdout)
        return 1 if faults else 0
    for name, content in stub_files().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
