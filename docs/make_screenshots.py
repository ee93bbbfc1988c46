"""Write the pictures of the detail page that the README shows: `make screenshots`."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from lvos_eval.cli.main import main as lvos_eval
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.page import render_page
from perf.data import Request, generate
from perf.photographs import Photographer
from perf.scenes import GROUND_TRUTH, TRACKERS, Scene
from sample_reports import ATTRIBUTES, invalid, running, scored

WIDTH: Final = 1120
SCALE: Final = 1.5
COLOURS: Final = 256
LARGEST: Final = 400_000
"""Bytes that a picture may have: they are part of every clone."""


def _write_data(folder: Path) -> None:
    """Generated videos with photographs and attributes, and two trackers that lose their objects for a while."""
    request = Request("mixed-720p", 16, 48, (360, 640), TRACKERS)
    generate(folder, request, jobs=1)
    reference = folder / GROUND_TRUTH
    rng = np.random.default_rng(3)
    metadata = json.loads((reference / "valid_meta.json").read_text())
    for plan in request.plans():
        metadata["videos"][plan.name]["attributes"] = sorted(rng.choice(ATTRIBUTES, rng.integers(1, 5), replace=False).tolist())
        photographer = Photographer(Scene(plan))
        images = reference / "JPEGImages" / plan.name
        images.mkdir(parents=True)
        for index, frame in enumerate(plan.frame_numbers):
            Image.fromarray(photographer.take(index)).save(images / f"{frame:08d}.jpg", quality=90)
    (reference / "valid_meta.json").write_text(json.dumps(metadata))
    for name, share in (("ours", 0.35), ("baseline", 0.7)):
        for plan in request.plans():
            lost = int(rng.integers(8, 40)) if rng.random() < share else plan.frames
            found = lost + int(rng.integers(4, 30))
            (folder / name / plan.name).mkdir(parents=True)
            for index, frame in enumerate(plan.frame_numbers):
                source = "bad" if lost <= index < found else "good"
                shutil.copy(folder / source / plan.name / f"{frame:08d}.png", folder / name / plan.name)


def _pages_of_runs(folder: Path) -> tuple[str, str]:
    """The page of a real run with full detail, and that of a comparison with another one."""
    _write_data(folder / "data")
    masks = [folder / "data" / name for name in ("ours", "baseline")]
    outputs = [folder / name for name in ("ours", "baseline")]
    reference = folder / "data" / GROUND_TRUTH
    for submission, output in zip(masks, outputs, strict=True):
        _run("score", submission, "--reference", reference, "--output", output, "--quiet")
    page = folder / "comparison.html"
    shown: list[str | Path] = ["compare", *outputs, "--names", "Ours,Baseline", "--html", page, "--exit-zero"]
    _run(*shown, "--reference", reference, "--submissions", *masks)
    return (outputs[0] / "detailed_results.html").read_text(encoding="utf-8"), page.read_text(encoding="utf-8")


def _run(*arguments: str | Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        assert lvos_eval([str(argument) for argument in arguments]) == 0


def _save(screenshot: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(screenshot)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {size / 1000:.0f} kB")
    if size > LARGEST:
        raise SystemExit(f"{path} has {size} bytes; {LARGEST} are allowed: show less of the page")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draws every page and writes a picture of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=Path(__file__).parent / "screenshots")
    out = parser.parse_args(arguments).out
    executable = shutil.which("chromium")
    if executable is None:
        raise SystemExit("no `chromium` on the PATH: apt-get install chromium")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        full, comparison = _pages_of_runs(folder)
        shots = {
            "full": (full, 1240, None, None),
            "videos": (full, 1240, "#videos", "details.video:nth-of-type(2) > summary"),
            "comparison": (comparison, 1240, "#close-title", None),
            "public": (render_page(scored(160, 290, detail=Disclosure.PUBLIC)), 1220, None, None),
            "invalid": (render_page(invalid()), 900, None, None),
            "running": (render_page(running()), 470, None, None),
        }
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for name, (html, height, start, clicked) in shots.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": height}, device_scale_factor=SCALE)
            (folder / "page.html").write_text(html, encoding="utf-8")
            page.goto((folder / "page.html").as_uri())
            if clicked is not None:
                page.locator(clicked).click()
            if start is not None:
                page.locator(start).evaluate("element => element.scrollIntoView()")
            # images are decoded after the page is there
            page.wait_for_timeout(2000)
            _save(page.screenshot(), out / f"{name}.png")
            page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
