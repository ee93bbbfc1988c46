"""Write the pictures of the detail page that the README shows: `make screenshots`."""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import sync_playwright

from lvos_eval.cli.main import main as lvos_eval
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.page import render_page
from perf.data import Request, generate
from sample_reports import invalid, running, scored

WIDTH: Final = 1120
SCALE: Final = 1.5
COLOURS: Final = 128
LARGEST: Final = 200_000
"""Bytes that a picture may have: they are part of every clone."""


def _full_page(folder: Path) -> str:
    """The page of a real run with full detail on generated videos."""
    generate(folder / "data", Request("mixed-720p", 12, 60, (360, 640), ("good",)), jobs=1)
    arguments = ["score", folder / "data" / "good", "--reference", folder / "data" / "reference", "--output", folder, "--quiet"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert lvos_eval([str(argument) for argument in arguments]) == 0
    return (folder / "detailed_results.html").read_text(encoding="utf-8")


def _save(screenshot: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(screenshot)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {size / 1000:.0f} kB")
    if size > LARGEST:
        raise SystemExit(f"{path} has {size} bytes; {LARGEST} are allowed: show less of the page")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draws every page and writes `public.png`, `full.png`, `invalid.png` and `running.png`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=Path(__file__).parent / "screenshots")
    out = parser.parse_args(arguments).out
    executable = shutil.which("chromium")
    if executable is None:
        raise SystemExit("no `chromium` on the PATH: apt-get install chromium")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        shots = {
            "public": (render_page(scored(160, 290, detail=Disclosure.PUBLIC)), 1220, None),
            "full": (_full_page(folder), 1240, "#videos"),
            "invalid": (render_page(invalid()), 900, None),
            "running": (render_page(running()), 470, None),
        }
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for name, (html, height, start) in shots.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": height}, device_scale_factor=SCALE)
            (folder / "page.html").write_text(html, encoding="utf-8")
            page.goto((folder / "page.html").as_uri())
            if start is not None:
                page.locator(start).evaluate("element => element.scrollIntoView()")
            _save(page.screenshot(), out / f"{name}.png")
            page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
