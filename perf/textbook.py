"""What our program is measured against, in a process of its own: `python -m perf.textbook score TASK.json`.

The textbook program works as the public evaluators of DAVIS and LVOS do: for each object and frame it decodes both masks with
Pillow, selects the object, takes the boundaries of the full frame, dilates both over the full frame and counts. The floor is what
nothing that looks at every mask can undercut. The clock runs around the work alone.
"""

import json
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lvos_eval.metrics.definition import contour_accuracy, region_similarity


def score(objects: Sequence[tuple[str, str, int]]) -> Iterator[tuple[float, float]]:
    """J and F of objects in frames, given by the files of both masks and the label."""
    for ground_truth, prediction, label in objects:
        truth, predicted = _decode(ground_truth) == label, _decode(prediction) == label
        yield region_similarity(truth, predicted), contour_accuracy(truth, predicted)


def _decode(path: str) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.array(image)


def inflate(paths: Sequence[str]) -> Iterator[int]:
    """Reads each mask once, checks its checksums and inflates it; the bytes of each file."""
    from zlib_ng.zlib_ng import crc32, decompressobj

    for path in paths:
        data, position, pixels = Path(path).read_bytes(), 8, b""
        while position < len(data):
            length, kind = struct.unpack_from(">I4s", data, position)
            end = position + 8 + length
            if crc32(data[position + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
                raise ValueError(f"{path} is damaged")
            if kind == b"IDAT":
                pixels += data[position + 8 : end]
            position = end + 4
        # in pieces, because the kernel would hand out fresh memory for each whole mask
        engine = decompressobj()
        while not engine.eof:
            engine.decompress(pixels, 1 << 16)
            pixels = engine.unconsumed_tail
        yield len(data)


def main() -> None:
    """Does what the file names and prints the processor seconds and the values as JSON."""
    cv2.setNumThreads(1)
    task = json.loads(Path(sys.argv[2]).read_text())
    started = time.process_time()
    values = list(score(task) if sys.argv[1] == "score" else inflate(task))
    print(json.dumps({"cpu": time.process_time() - started, "values": values}))


if __name__ == "__main__":
    main()
