"""Requests to a site: the organiser's token goes to that site only, what may be repeated is, and a dry run changes nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.files import replacing

__all__ = ["Connection", "UnsureError", "checked_site", "checked_token"]

_TRIES: Final = 7
_LONGEST_WAIT: Final = 120.0
_BUSY: Final = frozenset({429, 503})
"""The site has not begun with the request."""
_BROKEN: Final = frozenset({500, 502, 504})
"""The site, or what is before it, may have carried the request out all the same."""
_SHOWN: Final = 300
_TOKEN: Final = re.compile("[!-~]{1,200}")


class UnsureError(Exception):
    """A change was sent and no answer came: it may have been made."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token to another place."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:  # noqa: ARG002
        raise UsageError(f"{req.full_url} redirects to {printable(newurl)}; give that site's address as --site")


def checked_site(text: str) -> str:
    """The address of a site without what follows its host. Raises UsageError where a token must not go."""
    parts = urlsplit(text if "//" in text else f"https://{text}")
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise UsageError(f"{printable(text)} is not https: the token would be readable on the way")
    if not parts.netloc or parts.username is not None:
        raise UsageError(f"{printable(text)} is not the address of a site, such as https://www.codabench.org")
    return f"{parts.scheme}://{parts.netloc}"


def checked_token(text: str) -> str:
    """The token. Raises UsageError for what cannot be one, without repeating it."""
    if not _TOKEN.fullmatch(text):
        raise UsageError("the token is not a word of letters and digits\nFix: copy it again from the answer of api-token-auth")
    return text


class Connection:
    """A site and the token of an organiser. `timeout` and `pause` are seconds; `pause` is the wait before the second try."""

    def __init__(self, site: str, token: str, *, dry_run: bool = False, timeout: float = 60.0, pause: float = 1.0) -> None:
        self.site: Final = site
        self.dry_run: Final = dry_run
        self._token = token
        self._timeout = timeout
        self._pause = pause
        self._api = urllib.request.build_opener(_NoRedirects)
        self._storage = urllib.request.build_opener()

    def get(self, path: str, *, missing: bool = False) -> Any:
        """The JSON below a path of the API; with `missing` {} if it is not there.

        Raises RunStoppedError if the site does not answer, UsageError if it refuses.
        """
        self._say("GET", path)
        return self._patiently("GET", path, None, missing=missing)

    def change(self, method: str, path: str, body: Any = None, *, repeatable: bool = True, missing: bool = False) -> Any:
        """Carries out a change and gives the answer; in a dry run it is printed and nothing else.

        Without `repeatable` it is not sent again once it may have been carried out: then UnsureError is raised. With `missing` it
        is no fault that the object is gone: the answer is {}. Else as `get`.
        """
        self._say(method, path, body)
        if self.dry_run:
            return {}
        return self._patiently(method, path, body, repeatable=repeatable, missing=missing)

    def download(self, url: str, target: Path) -> None:
        """Writes what a signed address holds to a file, whole and on the disk, or not at all. Raises RunStoppedError."""
        self._say("GET", _without_signature(url))
        if self.dry_run:
            return
        for wait in self._waits(f"the download of {target.name}"):
            try:
                with self._storage.open(url, timeout=self._timeout) as answer, replacing(target) as partial:
                    with partial.open("wb") as file:
                        shutil.copyfileobj(answer, file, 1 << 20)
                        # submissions are deleted on the site because they are here
                        file.flush()
                        os.fsync(file.fileno())
                    _require_whole(answer, partial)
                return
            except (OSError, HTTPException) as error:
                wait(_reason(error))

    def upload(self, url: str, source: Path) -> None:
        """Puts a file to a signed address. Raises RunStoppedError."""
        self._say("PUT", _without_signature(url), f"<{source}>")
        if self.dry_run:
            return
        headers = {"Content-Type": "application/zip", "Content-Length": str(source.stat().st_size), "x-ms-blob-type": "BlockBlob"}
        for wait in self._waits(f"the upload of {source.name}"):
            with source.open("rb") as file:
                request = urllib.request.Request(url, data=file, headers=headers, method="PUT")  # noqa: S310 - storage
                try:
                    with self._storage.open(request, timeout=self._timeout):
                        return
                except (OSError, HTTPException) as error:
                    wait(_reason(error))

    def _patiently(self, method: str, path: str, body: Any, *, repeatable: bool = True, missing: bool = False) -> Any:
        for wait in self._waits(f"{method} {path}"):
            try:
                return self._once(method, path, body)
            except urllib.error.HTTPError as error:
                text = printable(error.read(_SHOWN).decode(errors="replace"))
                if error.code == 404 and missing:
                    return {}
                if error.code in _BUSY:
                    wait(f"{error.code} {error.reason}", _seconds(error.headers.get("Retry-After")))
                elif error.code in _BROKEN and repeatable:
                    wait(f"{error.code} {error.reason}")
                elif error.code in _BROKEN:
                    raise UnsureError(f"{error.code} {error.reason}") from None
                else:
                    raise self._refusal(method, path, error.code, text) from None
            except (OSError, HTTPException) as error:
                if not repeatable:
                    raise UnsureError(_reason(error)) from None
                wait(_reason(error))
            except ValueError:
                raise RunStoppedError(f"{method} {path}: the answer of {self.site} is not JSON; is it a Codabench?") from None
        raise AssertionError

    def _once(self, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Token {self._token}", "Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        url = f"{self.site}{path}"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - checked_site
        with self._api.open(request, timeout=self._timeout) as answer:
            content = answer.read()
        return json.loads(content) if content else {}

    def _refusal(self, method: str, path: str, code: int, text: str) -> UsageError:
        fixes = {
            401: "the token is not valid on this site; get one as docs/organiser.md says",
            403: "the token has to be that of an organiser of the competition",
            404: "check the numbers of competition and phase",
        }
        fix = f"\nFix: {fixes[code]}" if code in fixes else ""
        return UsageError(f"{self.site} refuses {method} {path}: {code} {text}{fix}")

    def _waits(self, what: str) -> Any:
        """For every try a function that waits for the next one; after the last it raises RunStoppedError."""
        for number in range(_TRIES):

            def wait(reason: str, least: float = 0.0, number: int = number) -> None:
                if number == _TRIES - 1:
                    raise RunStoppedError(f"{what}: {reason}, {_TRIES} times in a row; start the same command again later")
                time.sleep(min(max(self._pause * 2**number, least * min(self._pause, 1.0)), _LONGEST_WAIT))

            yield wait

    def _say(self, method: str, path: str, body: Any = None) -> None:
        if self.dry_run:
            shown = "" if body is None else f" {body if isinstance(body, str) else json.dumps(body)}"
            print(f"{method} {path}{shown}", file=sys.stdout, flush=True)


def _require_whole(answer: Any, partial: Path) -> None:
    expected = answer.headers.get("Content-Length")
    if expected is not None and partial.stat().st_size != int(expected):
        raise ConnectionError(f"{partial.stat().st_size} of {expected} bytes")


def _without_signature(url: str) -> str:
    """Where a signed address points to, without what lets anybody in."""
    return url.split("?")[0]


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.code} {error.reason}"
    reason = getattr(error, "reason", None) or error
    return "no answer in time" if isinstance(reason, TimeoutError) else printable(str(reason)) or type(error).__name__
