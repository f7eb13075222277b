"""Apps that say themselves what they are: asked for before they are looked up, where people come in.

Everything behind finds apps in memory. So what such an app says of itself is fetched first, when it is not
known, or not known lately; when it cannot be had, nobody is sent anywhere (OP-128).
"""

from __future__ import annotations

from actas.clients.document import NoDocument, is_document_id
from actas.clients.documents import PublishedClients
from actas.clients.registered import describes_itself
from actas.core.errors import InvalidRequest
from actas.core.reason import Reason
from actas.core.redaction import without_secrets


class Strangers:
    """Finds out what apps are that are not registered.

    Args:
        published: finds those that say it themselves; None when none is let in.
    """

    def __init__(self, published: PublishedClients | None = None) -> None:
        self._published = published

    async def meet(self, client_id: str | None, *, source: str) -> None:
        """Return when an app can be looked up: at once, when an administrator registered it.

        Args:
            source: where the request came from.

        Raises:
            InvalidRequest: it does not publish what could be used. The answer is the same whatever is wrong,
                or it would tell what there is at an address; the minutes have why.
            TooManyRequests: too many are asked for.
        """
        if client_id is None or not describes_itself(client_id) or self._published is None:
            return
        try:
            await self._published.client(client_id, source=source)
        except NoDocument as none:
            detail = f"the app {without_secrets(client_id[:200])!r}: {none}"
            reason: Reason = "bad_client_document" if is_document_id(client_id) else "unknown_app"
            raise InvalidRequest(reason, detail=detail) from none
