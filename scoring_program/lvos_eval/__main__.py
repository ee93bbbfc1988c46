"""`python -m lvos_eval` is `lvos-eval`."""

from lvos_eval.cli import run

if __name__ == "__main__":
    run()
