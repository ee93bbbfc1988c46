"""Templates that were compiled beforehand: to compile them takes longer than to score a small submission.

`make templates` writes beside each template the Python that jinja2 makes of it. It begins with a checksum of the template and the
version of the code that jinja2 makes; where either is another one now, the template is compiled as ever.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket, bc_version

__all__ = ["CompiledTemplates", "compiled", "write_compiled"]

_FOLDER: Final = Path(__file__).parent / "templates"
_SUFFIX: Final = ".compiled"


class CompiledTemplates(BytecodeCache):
    """Where jinja2 looks for code before it compiles. What it compiles is not kept: the program's folder may be read-only."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Puts the code into a bucket that is made for a template, if it is that of the template as it is."""
        try:
            code = (_FOLDER / f"{bucket.key}{_SUFFIX}").read_text(encoding="utf-8")
        except OSError:
            return
        if code.startswith(f"{bucket.checksum}\n"):
            bucket.code = compile(code, bucket.key, "exec")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps nothing."""

    def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002 - jinja2 gives both
        """The name of the template, of which there is one."""
        return name

    def get_source_checksum(self, source: str) -> str:
        """The first line of the code that belongs to a template."""
        return f"# version {bc_version}, template {sha256(source.encode()).hexdigest()[:32]}"


def compiled(environment: Environment, name: str) -> str:
    """The Python of a template, with the line that it is recognised by."""
    assert environment.loader is not None
    source = environment.loader.get_source(environment, name)[0]
    return f"{CompiledTemplates().get_source_checksum(source)}\n{environment.compile(source, name, raw=True)}\n"


def write_compiled(environment: Environment) -> None:
    """Writes the Python of every template beside it."""
    for template in sorted(_FOLDER.glob("*.j2")):
        (_FOLDER / f"{template.name}{_SUFFIX}").write_text(compiled(environment, template.name), encoding="utf-8", newline="\n")
