"""What a command consists of: arguments, the request that they make, and the work."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from lvos_eval.cli.console import Console
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.reference.settings import Disclosure

__all__ = ["Command", "Request"]


class Request(Protocol):
    """What somebody asks of a command."""

    def disclosure(self) -> Disclosure:
        """How much the command may show of the ground truth that it reads."""


RequestT = TypeVar("RequestT", bound=Request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Generic[RequestT]):
    """One command: what its help says, its arguments, and what it does."""

    purpose: str = ""
    """In the list of commands."""
    description: str
    example: str
    add_options: Callable[[argparse.ArgumentParser], None]
    request_of: Callable[[argparse.Namespace], RequestT]
    """The request that parsed arguments make."""
    run: Callable[[RequestT, Disclosure, Console], ExitCode]
    """Does the work and shows no more than the detail says. Raises the exceptions of `diagnostics.errors`."""
