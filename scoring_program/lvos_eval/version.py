"""The version of the program, which no module has to import the front door for."""

__all__ = ["__version__"]

__version__ = "0.1.0"
