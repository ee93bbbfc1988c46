"""What the files of a bundle have to keep on either platform: the zip, the pages, the logo, the image that is named."""

from __future__ import annotations

import io
import re
import stat
from collections.abc import Iterator
from typing import Final

from PIL import Image

from competition.bundles.zips import MEMBER_DATE, is_left_out
from competition.checks.bundle import CONFIGURATION, Bundle
from competition.checks.rule import rule

__all__ = ["RULES"]


@rule("one-configuration", "the first member is competition.yaml, the only one whose name contains .yaml or .yml")
def one_configuration(bundle: Bundle) -> Iterator[str]:
    named = [name for name in bundle.names if ".yaml" in name or ".yml" in name]
    if named != [CONFIGURATION]:
        yield f"configurations: {', '.join(named) or 'none'}"
    if bundle.names[:1] != (CONFIGURATION,):
        yield f"the first member is {bundle.names[0] if bundle.names else 'none'}"


@rule("no-litter", "no __MACOSX, hidden files, thumbnails or bytecode, in the bundle or in a zip in it")
def no_litter(bundle: Bundle) -> Iterator[str]:
    yield from (name for name, _ in bundle.everything if is_left_out(name))


@rule("plain-zip", "relative names without `..` or backslash, no folders, links, duplicates or encryption; checksums right")
def plain_zip(bundle: Bundle) -> Iterator[str]:
    seen: set[str] = set()
    for name, info in bundle.everything:
        if name.lower() in seen:
            yield f"{name} is there twice"
        seen.add(name.lower())
        mode = info.external_attr >> 16
        unsafe = info.filename.startswith("/") or ".." in info.filename.split("/") or "\\" in info.orig_filename
        if unsafe or info.is_dir() or info.flag_bits & 1 or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            yield f"{name} is not a plain file"
    damaged = bundle.archive.testzip()
    if damaged:
        yield f"{damaged} is damaged"


@rule("reproducible", "sorted members with one fixed time, so that equal input gives equal bytes")
def reproducible(bundle: Bundle) -> Iterator[str]:
    rest = list(bundle.names[1:])
    if rest != sorted(rest):
        yield "the members are not sorted"
    yield from (f"{name} has the time {info.date_time}" for name, info in bundle.everything if info.date_time != MEMBER_DATE)


@rule("image-opens", "the logo is a picture that Pillow opens")
def image_opens(bundle: Bundle) -> Iterator[str]:
    name = bundle.config.get("image")
    if name not in bundle.names:
        yield f"{name} is not in the bundle"
        return
    try:
        with Image.open(io.BytesIO(bundle.read(name))) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        yield f"{name} is not a picture"


@rule("pages-not-empty", "every page is there, is text in UTF-8, and says something")
def pages_not_empty(bundle: Bundle) -> Iterator[str]:
    for title, name in bundle.pages.items():
        if name not in bundle.names:
            yield f"{title}: {name} is not in the bundle"
        elif not bundle.read(name).decode("utf-8").strip():
            yield f"{title}: {name} is empty"


@rule("pages-self-contained", "no page loads anything: no scripts, no pictures from elsewhere")
def pages_self_contained(bundle: Bundle) -> Iterator[str]:
    for name in bundle.pages.values():
        text = bundle.read(name).decode("utf-8")
        if re.search(r"<(script|link|iframe|img)\b|!\[[^\]]*\]\(|\bsrc\s*=", text, re.IGNORECASE):
            yield f"{name} loads something"


@rule("own-image", "a container image of our own is named: the platforms' default is an old Python without our packages")
def own_image(bundle: Bundle) -> Iterator[str]:
    image = bundle.image
    if not isinstance(image, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._/:-]*:[\w.-]+(@sha256:[0-9a-f]{64})?", image):
        yield f"the image is {image!r}; name it with its tag"
    elif image.startswith("codalab/"):
        yield f"the image is {image}, the platforms' own"


RULES: Final = (
    one_configuration,
    no_litter,
    plain_zip,
    reproducible,
    image_opens,
    pages_not_empty,
    pages_self_contained,
    own_image,
)
