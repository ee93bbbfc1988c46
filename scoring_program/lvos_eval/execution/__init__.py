"""Processes, signals, time and progress. Knows nothing of what the work is."""
