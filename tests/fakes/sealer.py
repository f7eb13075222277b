"""Envelope keys for tests, the same in every run."""

from __future__ import annotations

from hashlib import sha256

from actas.crypto.seal import Sealer


def envelope_key(name: str = "ours") -> bytes:
    """Return the envelope key called ``name``, 32 bytes."""
    return sha256(name.encode()).digest()


def sealer(name: str = "ours") -> Sealer:
    """Return a new sealer of the envelope key called ``name``."""
    return Sealer(envelope_key(name))
