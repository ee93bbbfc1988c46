"""Masks packed to one bit a pixel, and the search for objects in label maps."""
