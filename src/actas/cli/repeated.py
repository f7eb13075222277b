"""Commands that a message names, with the flags that they need as well: what is copied runs as it stands.

Only commands over the configuration of this computer take these flags; those that ask a server take none.
"""

from __future__ import annotations

import re
from typing import Final

_LOCAL: Final = re.compile(
    r"\bactas (?:check|doctor|explain|revoke|serve"
    r"|audit (?:checkpoint|export|search|show|tail|verify|sinks (?:list|pause|resume|rewind|skip))"
    r"|db (?:backup|migrate|purge|restore|status)"
    r"|keys (?:jwks|list|retire|rewrap|rotate))\b(?! --dev)"
)


def repeated(text: str, flags: str) -> str:
    """Return a message with flags behind each command of ours that reads the configuration.

    Args:
        flags: those, as they are typed, such as ``--dev``; empty for none.
    """
    return _LOCAL.sub(lambda found: f"{found[0]} {flags}", text) if flags else text
