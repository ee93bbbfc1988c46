"""Bytes to masks and back, bounded: PNG, zip, files."""
