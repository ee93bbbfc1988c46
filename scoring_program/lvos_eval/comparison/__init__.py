"""Results side by side, or two leaderboards."""
