"""Actas: a security token service. A token comes in, a narrower token goes out, the minutes are kept."""

__version__ = "0.1.0"
