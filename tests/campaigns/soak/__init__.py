"""Hundreds of scoring runs in a row, with random submissions and random faults: `make soak`."""
