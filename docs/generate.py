"""Writes the parts of the documentation that the program knows better: `make docs`.

A part lies between `<!-- generated: NAME -->` and `<!-- /generated -->` in one of the pages. With `--check` nothing is written,
and the exit code is 1 if a page would change.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from lvos_eval import protocols
from lvos_eval.cli.main import COMMANDS, load
from lvos_eval.diagnostics.problems import REFERENCE_CODES, SUBMISSION_CODES
from lvos_eval.protocols.contract import ONE_GROUP, EvaluationProtocol
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.protocols.wording import rules_in_words
from lvos_eval.reference.metadata import ATTRIBUTE_SUFFIX, METADATA_NAMES
from lvos_eval.reporting.page import ATTRIBUTES

__all__ = ["PARTS", "main", "with_generated_parts"]

PAGES: Final = Path(__file__).parent
_PART: Final = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _problems() -> str:
    rows = ((f"`{code}`", severity, when) for code, (severity, when) in SUBMISSION_CODES.items())
    return _table(("code", "severity", "found when"), rows)


def _reference_problems() -> str:
    rows = ((f"`{code}`", severity or "error or warning", when) for code, (severity, when) in REFERENCE_CODES.items())
    return _table(("code", "severity", "found when"), rows)


def _attributes() -> str:
    return _table(("attribute", "means"), ((f"`{name}`", meaning) for name, meaning in ATTRIBUTES.items()))


def _metadata_names() -> str:
    return f"{', '.join(f'`{name}`' for name in METADATA_NAMES)}, or a name that ends in `{ATTRIBUTE_SUFFIX}`.\n"


def _protocols() -> str:
    rows = []
    for name in protocols.names():
        tasks = protocols.tasks(name)
        first = protocols.get(name, tasks[0])
        rows.append((f"`{name}`", first.description, ", ".join(tasks), first.source))
    return _table(("protocol", "what it is", "tasks", "source"), rows)


def _each_protocol() -> str:
    return "\n".join(_one(protocols.get(name, task)) for name in protocols.names() for task in protocols.tasks(name))


def _one(protocol: EvaluationProtocol) -> str:
    """What decides the numbers of a protocol in one task, as the program applies it."""
    rows = [(name, _told(rule)) for name, rule in rules_in_words(protocol).items() if rule and rule != list(ONE_GROUP)]
    return f"### {protocol.name}, {protocol.task}\n\n{_table(('', ''), rows)}"


def _told(rule: str | list[str]) -> str:
    """A rule in a cell: names as they are written, sentences one after the other."""
    if isinstance(rule, str):
        return re.sub(r"(?:[^\s<]|<[^>]*>)*<[^>]*>(?:[^\s<]|<[^>]*>)*", lambda match: f"`{match[0]}`", rule)
    return "; ".join(rule) if any(" " in text for text in rule) else ", ".join(f"`{name}`" for name in rule)


def _commands() -> str:
    return _table(("command", "does"), ((f"`lvos-eval {name}`", load(name).description) for name in COMMANDS))


def _score_keys() -> str:
    return f"{', '.join(f'`{key}`' for key in SCORE_KEYS)}.\n"


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "attributes": _attributes,
    "commands": _commands,
    "each-protocol": _each_protocol,
    "metadata-names": _metadata_names,
    "problems": _problems,
    "protocols": _protocols,
    "reference-problems": _reference_problems,
    "score-keys": _score_keys,
}
"""Markdown by the name of the part."""


def with_generated_parts(text: str) -> str:
    """A page with its generated parts as the program has them. Raises KeyError for a part that nobody writes."""
    return _PART.sub(lambda match: f"{match[1]}{PARTS[match[2]]()}{match[3]}", text)


def main(arguments: Sequence[str]) -> int:
    """Writes or checks every page; returns the exit code."""
    stale = []
    for page in sorted(PAGES.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        generated = with_generated_parts(text)
        if generated != text:
            stale.append(page.name)
            if "--check" not in arguments:
                page.write_text(generated, encoding="utf-8")
    print("\n".join(f"{name} {'is stale: make docs' if '--check' in arguments else 'written'}" for name in stale))
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
