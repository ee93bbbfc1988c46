"""A demand of the platforms, as a function of a bundle.

It yields a sentence for every place where the bundle breaks it. Most of what is forbidden fails on the platform without a
message, or days later.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import yaml

from competition.checks.bundle import Bundle

__all__ = ["Rule", "broken_rules", "rule"]

Check = Callable[[Bundle], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand; `name` is what the self-check says and the tests ask for."""

    name: str
    text: str
    check: Check


def rule(name: str, text: str) -> Callable[[Check], Rule]:
    """Makes a rule of the function below."""
    return lambda check: Rule(name, text, check)


def broken_rules(bundle: Bundle, rules: Iterable[Rule]) -> list[tuple[Rule, str]]:
    """Every rule that the bundle breaks, with the reason. A bundle too broken to apply a rule to breaks that rule."""
    found = []
    for item in rules:
        try:
            found += [(item, reason) for reason in item.check(bundle)]
        except (LookupError, TypeError, ValueError, AttributeError, OSError, zipfile.BadZipFile, yaml.YAMLError) as error:
            found.append((item, f"cannot be determined: {type(error).__name__} {error}"))
    return found
