"""Looking at the apps that are told when a session ends: whether each hears of it."""

from __future__ import annotations

from collections.abc import Sequence

from actas.app.finding import Result
from actas.app.foundation import Foundation


async def look_at_apps(base: Foundation) -> Sequence[Result]:
    """Return what is found of each app that is to be told when a session ends."""
    clients = base.definitions.clients.values()
    told = {one.name: one.sign_in.told_at for one in clients if one.sign_in and one.sign_in.told_at}
    if not told:
        return []
    results: list[Result] = []
    for trouble in await base.session_apps.troubles():
        if trouble.client in told:
            ends = "session has" if trouble.waiting == 1 else "sessions have"
            said = f"{trouble.client} was not told that {trouble.waiting} {ends} ended: {trouble.detail}"
            remedy = "mend what its backchannel_logout_uri names; a running server tries again"
            results.append(Result(name="logout", state="warn", says=said, remedy=remedy))
    if not results:
        said = f"nothing waits for {len(told)} app{'' if len(told) == 1 else 's'} that are told of sessions"
        results.append(Result(name="logout", state="good", says=said))
    return results
