"""J and F of arrays."""
