"""Pins the base image of the Dockerfile to the digest that its registry has for the tag: `make base-digest`.

    python -m supply.base_digest [DOCKERFILE]

The tag stays in front of the digest, for people; `docker build --build-arg BASE_IMAGE=...` takes another image as before. Where
no registry answers nothing is changed, and the exit code is 1.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["digest_of", "main"]

ROOT: Final = Path(__file__).parents[1]
_ARGUMENT: Final = re.compile(r"^(ARG BASE_IMAGE=)([\w./:-]+?)(@sha256:[0-9a-f]{64})?$", re.MULTILINE)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_LISTS: Final = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
"""The digest of a list is that of all architectures together."""
_SECONDS: Final = 20


def digest_of(image: str, registry: str = "https://registry-1.docker.io") -> str:
    """The digest that a registry has for `name:tag`. Raises OSError where it does not answer, or not with a digest."""
    name, _, tag = image.partition(":")
    path = name if "/" in name else f"library/{name}"
    url = f"{registry}/v2/{path}/manifests/{tag or 'latest'}"
    request = urllib.request.Request(url, headers={"Accept": _LISTS}, method="HEAD")  # noqa: S310 - the caller's registry
    try:
        answer = urllib.request.urlopen(request, timeout=_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise
        request.add_header("Authorization", f"Bearer {_token(error.headers['WWW-Authenticate'])}")
        answer = urllib.request.urlopen(request, timeout=_SECONDS)  # noqa: S310
    with answer:
        found = answer.headers.get("Docker-Content-Digest", "")
    if not _DIGEST.fullmatch(found):
        raise OSError(f"{registry} gives no digest of {image}")
    return str(found)


def _token(challenge: str) -> str:
    """A token for anybody, from the place that the registry names: `Bearer realm="...",service="...",scope="..."`."""
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = asked.pop("realm")
    if not realm.startswith(("https://", "http://127.0.0.1")):
        raise OSError(f"the registry sends us to {realm}")
    with urllib.request.urlopen(f"{realm}?{urllib.parse.urlencode(asked)}", timeout=_SECONDS) as answer:  # noqa: S310
        return str(json.load(answer)["token"])


def main(arguments: Sequence[str]) -> int:
    """Pins the image in a Dockerfile, ours by default; returns the exit code."""
    file = Path(arguments[0]) if arguments else ROOT / "Dockerfile"
    text = file.read_text(encoding="utf-8")
    match = _ARGUMENT.search(text)
    if match is None:
        print(f"{file}: there is no line ARG BASE_IMAGE=name:tag", file=sys.stderr)
        return 1
    registry = os.environ.get("REGISTRY", "https://registry-1.docker.io")
    try:
        digest = digest_of(match[2], registry)
    except (OSError, KeyError, ValueError) as error:
        print(f"{registry} does not say what {match[2]} is ({error}); {file} stays as it is", file=sys.stderr)
        return 1
    file.write_text(_ARGUMENT.sub(rf"\1\2@{digest}", text, count=1), encoding="utf-8")
    print(f"{match[2]}@{digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
