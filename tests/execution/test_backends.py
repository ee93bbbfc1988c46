"""What is said before a cluster is asked for anything, and what a worker checks before it works."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import rescores
import submissions
from lvos_eval import __version__, system
from lvos_eval.diagnostics.errors import ExitCode, UsageError
from lvos_eval.execution import cluster
from lvos_eval.execution.cluster import LocalBackend, open_backend


def test_an_engine_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _name: None)
    message = r"--backend dask needs the package distributed: pip install distributed"
    with pytest.raises(UsageError, match=message), open_backend("dask", None, None, []):
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler is for a cluster"),
        (["--backend", "dask"], "--jobs is for this machine"),
        (["--ship"], "--ship is for a cluster"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    options: Sequence[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    submissions.write_zip(rescores.folder_of(tmp_path / "submissions") / "one.zip", {})
    assert rescores.rescore(tmp_path / "submissions", reference, tmp_path / "out", *options) == ExitCode.USAGE
    assert message in capsys.readouterr().err


def test_a_worker_of_another_version_refuses_to_work(monkeypatch: pytest.MonkeyPatch) -> None:
    # the process of the tests shall not be the first that the kernel ends
    monkeypatch.setattr(system, "volunteer_for_oom_killer", lambda: None)
    assert cluster._OnCluster(str.upper, __version__, ())("a") == "A"
    with pytest.raises(
        cluster._StrangerError, match=rf"a worker has lvos-eval {__version__}, this is 0.0.0: install the same on all"
    ):
        cluster._OnCluster(str.upper, "0.0.0", ())("a")


def test_one_job_is_done_in_this_process() -> None:
    backend = LocalBackend(1)
    assert backend.description == "this process"
    assert list(backend.run(str.upper, iter("ab"))) == ["A", "B"]
