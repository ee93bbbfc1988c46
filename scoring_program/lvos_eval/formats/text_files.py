"""Files that people write by hand: text, JSON and YAML, each read in one way only and never guessed at.

YAML gives plain values types: `00000051` is the octal number 41, `10:00` is 600, `no` is false, `0123e45` is 0. Here every value
and every key is the text that stands in the file; whoever uses it reads a number where a number belongs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

import yaml

from lvos_eval.diagnostics.text import listed, quoted
from lvos_eval.formats.files import MOST_BYTES, read_regular

__all__ = ["DocumentError", "Yaml", "misnamed", "parse_whole", "parse_yaml", "read_json", "read_text", "read_yaml", "rename"]

Yaml: TypeAlias = "str | list[Yaml] | dict[str, Yaml]"
"""A document: every scalar is the text as it is written, without its quotes."""

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_PLAIN_TAGS: Final = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})
_ENDINGS: Final = frozenset({"txt", "csv", "yml", "yaml", "json"})
_MOST_YAML: Final = 256 << 10
_MOST_DEEP: Final = 32
_MOST_DIGITS: Final = 4000
"""Python refuses more than 4,300 in words of its own."""
_SAVE_AS_UTF8: Final = "save it as UTF-8 text (in Notepad: Save as, Encoding: UTF-8)"


class DocumentError(Exception):
    """A file that cannot be read in one way only; `str()` says what is wrong in it and where, `fix` what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def read_text(path: Path, limit: int = MOST_BYTES) -> str:
    """The text of a UTF-8 file of at most `limit` bytes, without a byte-order mark. Raises DocumentError.

    FileNotFoundError where there is none.
    """
    try:
        data = read_regular(path, limit)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}", "make it a readable file") from None
    if data.startswith(_UTF16) or b"\0" in data:
        raise DocumentError("is not UTF-8 text but UTF-16, or no text at all", _SAVE_AS_UTF8)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(f"is not UTF-8 text: byte {data[error.start]:#04x} in line {line}", _SAVE_AS_UTF8) from None


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises DocumentError, also for a key given twice, and for NaN and Infinity."""
    text = read_text(path)
    found_twice: list[int] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) == len(pairs):
            return content
        keys = [key for key, _ in pairs]
        repeated = _Repeated(content)
        repeated.keys_twice = sorted({key for key in keys if keys.count(key) > 1})
        found_twice.append(1)
        return repeated

    try:
        content = json.loads(text, object_pairs_hook=mapping, parse_constant=_refuse_constant, parse_int=parse_whole)
        twice = list(_repeated_keys(content, ())) if found_twice else []
    except json.JSONDecodeError as error:
        # the fix of an error in the syntax is where it is
        raise DocumentError(f"is not JSON: {error}", "correct it there, and write it as JSON in UTF-8") from None
    except ValueError as error:
        raise DocumentError(f"is not JSON: {error}", "write frame numbers as whole numbers") from None
    except RecursionError:
        raise DocumentError("is nested too deeply", "write it as JSON in UTF-8") from None
    if twice:
        raise DocumentError(f"gives {listed(twice)} twice; only the last one would count", "keep the right one only")
    return content


class _Repeated(dict[str, Any]):
    """A JSON object in which keys are given twice."""

    keys_twice: list[str]


def _repeated_keys(content: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(content, _Repeated):
        yield from (f"`{'.'.join((*path, key))}`" for key in content.keys_twice)
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _repeated_keys(value, (*path, key))
    elif isinstance(content, list):
        for value in content:
            yield from _repeated_keys(value, path)


def parse_whole(digits: str) -> int:
    """A whole number of a JSON text. Raises ValueError for more digits than any number has that is meant."""
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"{digits[:8]}... is a number of {len(digits):,} digits")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def read_yaml(path: Path) -> Yaml | None:
    """As `parse_yaml`, of a file. Raises DocumentError; FileNotFoundError where there is none."""
    return parse_yaml(read_text(path, _MOST_YAML))


def parse_yaml(text: str) -> Yaml | None:
    """The one document in a YAML text, None where it is empty. Raises DocumentError, also for a key given twice."""
    try:
        node = yaml.compose(text, Loader=_Loader)
        return None if node is None else _Reader().read(node)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).replace('in "<unicode string>", ', "in ").split())
        raise DocumentError(f"is not YAML: {reason}", "write one `key: value` per line") from None
    except RecursionError:
        raise DocumentError("is nested too deeply", "write one `key: value` per line") from None


class _Loader(yaml.BaseLoader):
    """Stops at a depth that nobody writes by hand: the time that the library takes grows with its square."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _MOST_DEEP:
            raise RecursionError
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Reader:
    """Turns nodes into texts, lists and mappings. Aliases are refused: a few lines of them could stand for any amount of data."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def read(self, node: yaml.Node) -> Yaml:
        line = node.start_mark.line + 1
        if id(node) in self._seen:
            raise DocumentError(f"uses an alias (`*name`) for what is in line {line}", "write the value out in both places")
        self._seen.add(id(node))
        if node.tag not in _PLAIN_TAGS:
            raise DocumentError(f"has the tag `{node.tag}` in line {line}", "leave the tag out")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item) for item in node.value]
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Yaml]:
        content: dict[str, Yaml] = {}
        lines: dict[str, int] = {}
        for key_node, value in node.value:
            line = key_node.start_mark.line + 1
            key = self.read(key_node)
            if not isinstance(key, str):
                raise DocumentError(f"has a list or a mapping as a key in line {line}", "write one `key: value` per line")
            if key in lines:
                raise DocumentError(
                    f"gives `{key}` twice, in lines {lines[key]} and {line}; only the last one would count",
                    f"put everything of `{key}` into one of them, and delete the other",
                )
            lines[key] = line
            content[key] = self.read(value)
        return content


def misnamed(path: Path) -> Path | None:
    """A file beside `path` whose name can only be meant for it: `scoring.yml`, `Scoring.yaml`, `unseen-videos.txt.txt`."""
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    except OSError:
        return None
    wanted = _stem(path.name)
    return next((path.with_name(name) for name in names if name != path.name and _stem(name) == wanted and wanted), None)


def _stem(name: str) -> str | None:
    """What a name says apart from its endings, capitals and separators; None where its ending is of another kind of file."""
    stem, *endings = name.lower().replace("-", "_").replace(" ", "_").split(".")
    return stem.removesuffix("s") if stem and len(endings) <= 2 and set(endings) <= _ENDINGS else None


def rename(found: Path, path: Path) -> str:
    """The fix for a misnamed file, as a command."""
    return f"rename it: mv {quoted(str(found))} {quoted(str(path))}"
