"""Reading bare masks: which labels they hold."""

from __future__ import annotations

import numpy as np
import pytest

from lvos_eval.reference.mask_folders import labels_in


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (8, 8), (13, 7), (720, 1280)])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 1.0])
def test_the_labels_of_a_map_are_those_that_are_not_0(size: tuple[int, int], share: float) -> None:
    random = np.random.default_rng([*size, int(1000 * share)])
    labels = (random.integers(1, 256, size) * (random.random(size) < share)).astype(np.uint8)
    assert labels_in(labels) == [label for label in np.unique(labels).tolist() if label]


def test_a_label_in_the_last_pixels_alone_is_found() -> None:
    labels = np.zeros((3, 5), np.uint8)
    labels[2, 4] = 255
    assert labels_in(labels) == [255]
