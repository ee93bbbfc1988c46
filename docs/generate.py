"""Writes the parts of the documentation that the program knows better: `python docs/generate.py [--check]`.

A part lies between `<!-- generated: NAME -->` and `<!-- /generated -->` in one of the pages. With `--check` nothing is written,
and the exit code is 1 if a page would change.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.problems import REFERENCE_CODES, SUBMISSION_CODES
from lvos_eval.protocols.lvos import SCORE_KEYS
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


def _score_keys() -> str:
    return f"{', '.join(f'`{key}`' for key in SCORE_KEYS)}.\n"


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "attributes": _attributes,
    "metadata-names": _metadata_names,
    "problems": _problems,
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
    print("\n".join(f"{name} {'is stale: python docs/generate.py' if '--check' in arguments else 'written'}" for name in stale))
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
