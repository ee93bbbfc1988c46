"""What this process may use: cores and memory, with the limits of the control groups that it is in."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lvos_eval import system

__all__ = ["available_cores", "memory_limit"]

_GROUPS: Final = Path("/sys/fs/cgroup")
_MEMBERSHIP: Final = Path("/proc/self/cgroup")


def available_cores() -> int:
    """Cores that this process may use: affinity and control-group quotas are honoured; at least 1."""
    return max(min([system.usable_cores(), *_quotas()]), 1)


def _quotas() -> Iterator[int]:
    """Cores that each control group around this process is granted, part of a core rounded up."""
    for folder in _folders("cpu"):
        with contextlib.suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
            yield math.ceil(int(quota) / int(period))
        with contextlib.suppress(OSError, ValueError):
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text(encoding="utf-8") for name in ("quota", "period"))
            if int(quota) > 0:
                yield math.ceil(int(quota) / int(period))


def memory_limit() -> int | None:
    """Bytes that this process and its children may use together; None where nothing tells."""
    limits = [memory] if (memory := system.physical_memory()) is not None else []
    for folder in _folders("memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):
                limits.append(int((folder / name).read_text(encoding="utf-8")))
    return min((limit for limit in limits if limit > 0), default=None)


def _folders(controller: str) -> list[Path]:
    """Where the limits of a controller may lie: in the groups of this process and all those around them, version 1 or 2.

    Inside a container the paths of the groups are often those of the host; the container's own group is then the root.
    """
    folders = [_GROUPS, _GROUPS / controller]
    with contextlib.suppress(OSError):
        for line in _MEMBERSHIP.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            root = _GROUPS / controller if controllers else _GROUPS
            group = root / path.lstrip("/")
            folders += [folder for folder in (group, *group.parents) if folder.is_relative_to(root)]
    return list(dict.fromkeys(folders))
