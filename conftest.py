"""What every test of the repository shares."""

from __future__ import annotations


def pytest_make_parametrize_id(config: object, val: object, argname: str) -> str | None:
    """Name parametrised cases alike in every process: no addresses, no random bytes in an id."""
    if isinstance(val, bytes):
        return f"{argname}-{len(val)}-bytes"
    if isinstance(val, str) and (len(val) > 60 or not val.isprintable()):
        return f"{argname}-{len(val)}-characters"
    name = getattr(val, "__name__", None)
    return str(name) if callable(val) and name else None
