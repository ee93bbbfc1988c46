"""Two results or two leaderboards side by side."""
