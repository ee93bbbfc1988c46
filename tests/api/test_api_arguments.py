"""Arguments that a call cannot work with are refused by name, before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import goldens
import lvos_eval

SUBMISSION = goldens.prediction("good")


@pytest.mark.parametrize("function", [lvos_eval.score, lvos_eval.check])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"submission": 3}, TypeError, "submission has to be a str or a path, not int"),
        ({"submission": b"s.zip"}, TypeError, "submission has to be a str or a path, not bytes"),
        ({"submission": ""}, ValueError, r"submission is empty; for the current folder pass '\.'"),
        ({"submission": "a\0b"}, ValueError, "submission is .*null character"),
        ({"reference": None}, TypeError, "reference has to be a str or a path, not NoneType"),
        ({"protocol": "lvos-v3"}, ValueError, "protocol is 'lvos-v3'; use one of: lvos-v1, lvos-v2"),
        ({"protocol": 2}, TypeError, "protocol has to be a str or None, not int"),
        ({"task": "unsupervised"}, ValueError, "task is 'unsupervised'; use one of: semi-supervised, unsupervised_multiple, .*"),
        ({"jobs": 0}, ValueError, "jobs is 0; use 1 or more, or None"),
        ({"jobs": 1.5}, TypeError, "jobs has to be a whole number, not float"),
        ({"jobs": True}, TypeError, "jobs has to be a whole number, not bool"),
        ({"strict": "no"}, TypeError, "strict has to be True or False, not str"),
    ],
)
def test_a_wrong_argument_is_refused(function: Any, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    given = {"submission": SUBMISSION, "reference": goldens.REFERENCE, **arguments}
    with pytest.raises(error, match=f"^{message}"):
        function(given.pop("submission"), given.pop("reference"), **given)


def test_a_wrong_detail_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^detail is 'all'; use one of: public, full$"):
        lvos_eval.score(SUBMISSION, goldens.REFERENCE, detail="all")


def test_paths_may_be_relative_and_numbers_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(goldens.GOLDENS)
    count: Any = np.int64(1)
    result = lvos_eval.score("pred_good", Path("gt"), jobs=count)
    assert result == lvos_eval.score(SUBMISSION, goldens.REFERENCE)


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (np.zeros((4, 5), np.float32), ValueError, "has the dtype float32; a label map has integers or booleans"),
        (np.zeros((1, 4, 5), np.uint8), ValueError, r"has the shape \(1, 4, 5\); a label map has the shape \(height, width\)"),
        (np.zeros((0, 5), np.uint8), ValueError, r"has the shape \(0, 5\)"),
        (np.full((4, 5), -1), ValueError, "has the label -1; labels are 0 to 255"),
        (np.full((4, 5), 256), ValueError, "has the label 256; labels are 0 to 255"),
        ([[1, 2], [3]], TypeError, "cannot be made an array"),
        (np.zeros((4, 6), np.uint8), ValueError, r".*\(4, [56]\) but prediction \(4, [56]\)"),
    ],
)
@pytest.mark.parametrize("which", ["ground_truth", "prediction"])
def test_what_is_no_label_map_is_refused(which: str, mask: Any, error: type[Exception], message: str) -> None:
    masks = {"ground_truth": np.ones((4, 5), np.uint8), "prediction": np.ones((4, 5), np.uint8)}
    evaluator = lvos_eval.Evaluator()
    subject = "" if message.startswith(".*") else f"{which} "
    with pytest.raises(error, match=f"^{subject}{message}"):
        evaluator.add("video", 0, **(masks | {which: mask}))
    evaluator.add("video", 0, **masks)
    assert evaluator.result().scores["Overall"] == 1


@pytest.mark.parametrize(
    ("video", "frame", "error", "message"),
    [
        (3, 0, TypeError, "video has to be a str, not int"),
        ("v", "0", TypeError, "frame has to be a whole number, not str"),
        ("v", -5, ValueError, "frame is -5; frame numbers are not negative"),
    ],
)
def test_a_frame_needs_a_name_and_a_number(video: Any, frame: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        lvos_eval.Evaluator().add(video, frame, np.ones((4, 5), bool), np.ones((4, 5), bool))
