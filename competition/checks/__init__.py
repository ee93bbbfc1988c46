"""What a bundle has to keep on the platforms, and the trial run of the program in it."""
