"""The rules of each benchmark."""
