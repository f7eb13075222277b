"""What an entry says of a token that is genuine and was refused: whose it is, and its ``jti`` (IDC-58)."""

from __future__ import annotations

from typing import Any

from actas.core.told import Told


def told_document(told: Told) -> dict[str, Any]:
    """Return what an event says of whom the token speaks, who is nobody here by that."""
    token = {"jti": told.token_id, "digest": told.digest, "exp": told.expires_at, "iat": told.issued_at}
    return {
        "iss": told.whom.issuer,
        "sub": told.whom.subject,
        "kind": told.kind,
        "issuer": told.issuer_name,
        "type": told.token_type,
        "token": token,
        "refused": True,
    }
