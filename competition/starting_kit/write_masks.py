"""Saves the masks of one video as a submission needs them."""

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128, 128, 0, 128, 0, 128, 128, 128, 128, 128]


def write_masks(folder, video, masks):
    """`masks` maps frame numbers (1, 6, 11, ...) to arrays of shape (height, width): 0 is background, 1, 2, ... object ids."""
    for frame, ids in masks.items():
        path = Path(folder) / video / f"{frame:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.asarray(ids).astype(np.uint8))
        image.putpalette(COLOURS)  # only for looking at; the pixels stay object ids
        image.save(path)
