"""Writes `masks.zip`: the same label maps as a video's masks, saved by the image libraries of trackers.

Run by hand in an environment that has them (pip install numpy opencv-python-headless matplotlib imageio pillow scikit-image);
`versions.json` in the zip says which they were. The label maps are those of `label_maps`, in ids 1, 2 and 3.
"""

import io
import json
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import cv2
import imageio.v3
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import skimage.io
from PIL import Image

FRAMES = range(1, 22, 5)
DAVIS = [0] * 768
for index in range(256):
    for place in range(8):
        for channel in range(3):
            DAVIS[3 * index + channel] |= (index >> (3 * place + channel) & 1) << (7 - place)


def label_maps():
    """{frame: (40, 56) uint8 array} with the ids 1, 2, 3, on their way to the right; in the last frame object 2 is gone."""
    found = {}
    for position, frame in enumerate(FRAMES):
        labels = np.zeros((40, 56), np.uint8)
        for row, object_id in enumerate((1, 2, 3)):
            if object_id != 2 or position < 4:
                labels[3 + 12 * row : 11 + 12 * row, 4 + position : 20 + 3 * row + position] = object_id
        found[frame] = labels
    return found


def by_pillow(image):
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def palette(labels):
    image = Image.fromarray(labels)
    image.putpalette(DAVIS)
    return image


def by_opencv(array):
    done, data = cv2.imencode(".png", array)
    assert done
    return data.tobytes()


def to_file(save):
    target = io.BytesIO()
    save(target)
    return target.getvalue()


def by_skimage(array, folder=Path("/tmp")):
    path = folder / "recorded.png"
    skimage.io.imsave(path, array, check_contrast=False)
    data = path.read_bytes()
    path.unlink()
    return data


def npy(array):
    return to_file(lambda target: np.save(target, array))


WRITERS = {
    "pillow-P": lambda a: by_pillow(palette(a)),
    "pillow-L": lambda a: by_pillow(Image.fromarray(a)),
    "pillow-P-optimised": lambda a: to_file(lambda t: palette(a).save(t, "PNG", optimize=True)),
    "pillow-P-to-RGB": lambda a: by_pillow(palette(a).convert("RGB")),
    "pillow-P-to-RGBA": lambda a: by_pillow(palette(a).convert("RGBA")),
    "pillow-P-to-L": lambda a: by_pillow(palette(a).convert("L")),
    "pillow-I16": lambda a: by_pillow(Image.fromarray(a.astype(np.uint16))),
    "cv2.imwrite": by_opencv,
    "cv2.imwrite-int32-times-80": lambda a: by_opencv((a * 80).astype(np.uint8)),
    "cv2.imwrite-RGB-as-BGR": lambda a: by_opencv(np.asarray(palette(a).convert("RGB"))),
    "cv2.imread-grey-imwrite": lambda a: by_opencv(cv2.imdecode(np.frombuffer(by_pillow(palette(a)), np.uint8), 0)),
    "cv2.imread-imwrite": lambda a: by_opencv(cv2.imdecode(np.frombuffer(by_pillow(palette(a)), np.uint8), 1)),
    "plt.imsave-gray-0-3": lambda a: to_file(lambda t: plt.imsave(t, a, cmap="gray", vmin=0, vmax=3, format="png")),
    "plt.imsave-viridis": lambda a: to_file(lambda t: plt.imsave(t, a, format="png")),
    "imageio": lambda a: imageio.v3.imwrite("<bytes>", a, extension=".png"),
    "imageio-three-channels": lambda a: imageio.v3.imwrite("<bytes>", np.dstack([a] * 3), extension=".png"),
    "skimage": by_skimage,
    "numpy-npy": npy,
    "numpy-npy-int64": lambda a: npy(a.astype(np.int64)),
    "numpy-npy-float32": lambda a: npy(a.astype(np.float32)),
    "numpy-npy-probabilities": lambda a: npy(a.astype(np.float32) / 7),
    "numpy-npz": lambda a: to_file(lambda t: np.savez_compressed(t, mask=a)),
}


def main():
    maps = label_maps()
    with zipfile.ZipFile(Path(__file__).parent / "masks.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, write in WRITERS.items():
            ending = {"npy": "npy", "npz": "npz"}.get(name.split("-")[1] if name.startswith("numpy") else "", "png")
            for frame, labels in maps.items():
                info = zipfile.ZipInfo(f"{name}/{frame:08d}.{ending}")
                archive.writestr(info, write(labels), zipfile.ZIP_DEFLATED)
        names = ("numpy", "pillow", "opencv-python-headless", "matplotlib", "imageio", "scikit-image")
        archive.writestr(
            zipfile.ZipInfo("versions.json"), json.dumps({"python": sys.version.split()[0], **{n: version(n) for n in names}})
        )


if __name__ == "__main__":
    main()
