"""What corrects the leaderboard of a running competition: re-runs over Codabench's public API, and what the board has to show."""
