"""Binary masks: one value beside 0, whichever it is."""

from __future__ import annotations

import numpy as np
import pytest

from lvos_eval.formats.label_map import binary_labels
from lvos_eval.formats.mask_issues import LabelMapError, NotBinary


@pytest.mark.parametrize("values", [(0,), (0, 1), (0, 255), (100,), (0, 7), (3, 7)])
def test_what_is_not_0_gets_the_label(values: tuple[int, ...]) -> None:
    samples = np.resize(np.array(values, np.uint8), (5, 7))
    found = binary_labels(samples, 9)
    assert found.dtype == np.uint8
    assert np.array_equal(found, np.where(samples > 0, 9, 0))


@pytest.mark.parametrize("values", [(0, 1, 255), (1, 2, 3), (0, 0, 0, 0, 254, 255)])
def test_more_than_two_values_are_refused_by_name(values: tuple[int, ...]) -> None:
    with pytest.raises(LabelMapError) as fault:
        binary_labels(np.resize(np.array(values, np.uint8), (5, 7)), 1)
    assert fault.value.issues == (NotBinary(tuple(sorted(set(values)))),)
