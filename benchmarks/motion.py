"""Motion and events of a video, drawn once from its seed and then known at every frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Sway", "draw_stretches", "draw_sway"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sway:
    """Smooth motion of several channels, each a sum of sinusoids; arrays are (channels, terms)."""

    amplitudes: Floats
    rates: Floats
    phases: Floats

    def at(self, index: float) -> Floats:
        """Values (channels,) at a frame's index."""
        values = self.amplitudes * np.sin(self.rates * index + self.phases)
        return np.asarray(values.sum(axis=1))


def draw_sway(rng: np.random.Generator, amplitudes: Sequence[float], slowest: float, fastest: float) -> Sway:
    """Motion with periods, in frames, between `fastest` and `slowest`; the slow term makes most of it."""
    shape = (len(amplitudes), 3)
    middle = np.sqrt(slowest * fastest)
    shortest, longest = (middle, middle, fastest), (slowest, slowest, middle)
    periods = np.exp(rng.uniform(np.log(shortest), np.log(longest), shape))
    shares = np.array([0.7, 0.3, 0.12])
    return Sway(np.outer(amplitudes, shares), 2 * np.pi / periods, rng.uniform(0, 2 * np.pi, shape))


def draw_stretches(rng: np.random.Generator, frames: int, share: float, length: int, first: int) -> Flags:
    """Flags (frames,): runs of about `length` frames that cover about `share` of those from `first` on."""
    flags = np.zeros(frames, np.bool_)
    runs = rng.poisson(share * max(0, frames - first) / length)
    for _ in range(runs):
        start = int(rng.integers(first, frames))
        flags[start : start + int(rng.integers(length // 2 + 1, length * 3 // 2 + 1))] = True
    return flags
