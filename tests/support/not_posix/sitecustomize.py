"""Makes a Python on Linux look like one on Windows to `lvos_eval`, in every process that has this folder on PYTHONPATH.

Only modules of `lvos_eval` see it: the standard library and the packages on this system need what is really there. They import
an `os`, a `signal`, a `sys` and a `multiprocessing` without what Windows lacks, and no `fcntl`. Where Windows behaves otherwise,
so do these: a file that is not opened as binary is an error, for its bytes would change, and a folder cannot be opened at all.
Workers are started by joblib's `spawn`.
"""

from __future__ import annotations

import builtins
import errno
import importlib
import os
import types
from collections.abc import Mapping, Sequence
from typing import Any, Final

O_BINARY: Final = 1 << 30
"""A bit that no flag of Linux has."""

LACKING: Final = {
    "os": (
        "O_CLOEXEC", "O_DIRECTORY", "O_DSYNC", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "POSIX_FADV_WILLNEED", "chown",
        "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid", "getgroups", "getloadavg", "getpgid", "getuid", "killpg",
        "lchown", "mkfifo", "nice", "posix_fadvise", "posix_fallocate", "posix_spawn", "pread", "preadv", "pwrite",
        "sched_getaffinity", "sched_setaffinity", "sendfile", "setsid", "statvfs", "sysconf", "uname", "wait", "waitpid",
    ),
    "signal": (
        "ITIMER_REAL", "SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGSTOP", "SIGUSR1", "SIGUSR2", "alarm", "pause",
        "pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt", "sigwait",
    ),
    "sys": (),
    "multiprocessing": (),
}  # fmt: skip
ABSENT: Final = frozenset({"fcntl", "grp", "posix", "pwd", "resource", "termios"})

_real_import: Final = builtins.__import__


def _open(path: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
    if os.path.isdir(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    if not flags & O_BINARY and path != os.devnull:
        raise AssertionError(f"{path!r} is opened as text, which changes bytes on Windows")
    return os.open(path, flags & ~O_BINARY, mode, **options)


def _get_context(method: str | None = None) -> Any:
    if method not in (None, "spawn"):
        raise ValueError(f"cannot find context for {method!r}")
    return importlib.import_module("multiprocessing").get_context("spawn")


DIFFERENT: Final[Mapping[str, Mapping[str, Any]]] = {
    "os": {"O_BINARY": O_BINARY, "open": _open},
    "signal": {},
    "sys": {"platform": "win32"},
    "multiprocessing": {"get_all_start_methods": lambda: ["spawn"], "get_context": _get_context},
}


class _Stripped(types.ModuleType):
    """A module as it is on Windows; what is set on it is set on the real one, as monkeypatches are."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__dict__["_real"] = importlib.import_module(name)

    def __getattr__(self, name: str) -> Any:
        module = self.__name__
        if name in LACKING[module]:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        # what a test has put in its place counts
        if name in DIFFERENT[module] and getattr(self._real, name, None) is _KNOWN.get((module, name)):
            return DIFFERENT[module][name]
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)


_KNOWN: Final = {
    (module, name): getattr(importlib.import_module(module), name, None)
    for module in ("os", "sys") for name in DIFFERENT[module]
}  # fmt: skip
_STRIPPED: Final[dict[str, _Stripped]] = {}


def _import(
    name: str,
    globals: Mapping[str, object] | None = None,  # noqa: A002 - Python's own name for it
    locals: Mapping[str, object] | None = None,  # noqa: A002
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> types.ModuleType:
    if level == 0 and str((globals or {}).get("__name__", "")).partition(".")[0] == "lvos_eval":
        if name in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in LACKING:
            if name not in _STRIPPED:
                _STRIPPED[name] = _Stripped(name)
            return _STRIPPED[name]
        if name.startswith("joblib"):
            found = _real_import(name, globals, locals, fromlist, level)
            importlib.import_module("joblib.externals.loky.backend.context").set_start_method("spawn", force=True)
            return found
    return _real_import(name, globals, locals, fromlist, level)


builtins.__import__ = _import
