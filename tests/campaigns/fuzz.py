"""The fuzzer behind `make fuzz`: libFuzzer, by Atheris, on everything that reads a submission's bytes.

    python tests/campaigns/fuzz.py CORPUS [libFuzzer options, as -max_total_time=60]

An input that breaks a rule of `fuzz_reading.py` is written to the prefix of `-artifact_prefix`; put it into `data/fuzz/`, where
the tests replay it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lvos_eval"]):
    import fuzz_reading


def main() -> None:
    """Fuzzes for as long as the options say."""
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(fuzz_reading.seeds()):
        (corpus / f"seed{number:03d}").write_bytes(seed)
    atheris.Setup(sys.argv, fuzz_reading.check_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
