"""How the management API refuses: every way, as the errors of ``core.errors`` with codes of its own.

::

    OAuthError
    ├── NotFound            404 not_found
    ├── Conflict            409 conflict
    ├── Outdated            412 precondition_failed
    ├── NotAccepted         422 invalid_configuration
    └── Unconditional       428 precondition_required
"""

from __future__ import annotations

from collections.abc import Sequence

from actas.core.errors import OAuthError
from actas.core.ports import JsonObject


class NotFound(OAuthError):
    """There is no such object, or no such route."""

    code = "not_found"
    status = 404

    def __init__(self, *, detail: str) -> None:
        super().__init__("not_found", detail=detail)


class Conflict(OAuthError):
    """It is somebody else's to change, or in a state in which it cannot be changed so."""

    code = "conflict"
    status = 409

    def __init__(self, *, detail: str) -> None:
        super().__init__("conflict", detail=detail)


class Outdated(OAuthError):
    """It was changed since the caller looked at it."""

    code = "precondition_failed"
    status = 412

    def __init__(self, *, detail: str) -> None:
        super().__init__("outdated", detail=detail)


class Unconditional(OAuthError):
    """The caller does not say which version it means to change (RFC 6585 section 3)."""

    code = "precondition_required"
    status = 428

    def __init__(self, *, detail: str) -> None:
        super().__init__("unconditional", detail=detail)


class NotAccepted(OAuthError):
    """What would come of it does not hold.

    Attributes:
        faults: each with ``place``, ``path``, ``message`` and ``severity``.
    """

    code = "invalid_configuration"
    status = 422

    def __init__(self, *, detail: str, faults: Sequence[JsonObject] = ()) -> None:
        super().__init__("invalid_configuration", detail=detail)
        self.faults = tuple(faults)
