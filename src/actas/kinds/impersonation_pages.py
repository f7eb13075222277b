"""Lists of impersonations, page by page: a cursor says where to go on, and nobody makes one up (SEC-96)."""

from __future__ import annotations

from collections.abc import Sequence

from actas.core.errors import InvalidRequest
from actas.core.impersonation import Impersonation, Place
from actas.crypto import cursors


class Paging:
    """Cuts lists into pages.

    Args:
        key: authenticates the cursors.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def start(self, cursor: str | None, *, of: str) -> Place | None:
        """Return behind what a page begins; None for the first.

        Args:
            of: which list: a cursor of another is refused.

        Raises:
            InvalidRequest: it is no cursor of ours for this list.
        """
        if cursor is None:
            return None
        try:
            at, _, name = cursors.behind(cursor, of=of, key=self._key).partition(" ")
            return Place(int(at), name)
        except ValueError:
            detail = "the cursor is none of ours for this list"
            raise InvalidRequest("malformed_request", detail=detail) from None

    def cut(
        self, found: Sequence[Impersonation], *, most: int, of: str
    ) -> tuple[Sequence[Impersonation], str | None]:
        """Return a page, and the cursor of the next; None when it is the last.

        Args:
            found: one more than the page may hold, if there are as many.
        """
        page = found[:most]
        if len(found) <= most:
            return page, None
        last = page[-1].place
        return page, cursors.cursor(f"{last.requested_at} {last.id}", of=of, key=self._key)
