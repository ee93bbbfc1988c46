"""A process that scores one submission after the other, as a service would: the soak watches what it keeps.

It reads the arguments of one run a line, as JSON, and answers with the exit code.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import sys

from lvos_eval.cli.main import main


def serve() -> None:
    """Runs until its input ends."""
    for line in sys.stdin:
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            code = main(json.loads(line))
        gc.collect()
        print(json.dumps({"code": code, "text": text.getvalue()}), flush=True)


if __name__ == "__main__":
    serve()
