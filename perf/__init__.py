"""How fast the program is, and the synthetic data to measure it on."""
