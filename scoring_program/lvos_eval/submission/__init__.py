"""What was handed in, and everything that is wrong with it."""
