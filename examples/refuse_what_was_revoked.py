import os
import time

import httpx2

from actas_sdk.sync import Caller, Verifier

ISSUER = "http://127.0.0.1:8693"


class Revoked:
    """What was revoked, as the server tells every client that asks."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http
        self._last = 0
        self._ends: dict[str, tuple[int, int]] = {}

    def follow(self) -> None:
        """Ask for what is new. A service calls this every second, and counts how long it has failed."""
        more = True
        while more:
            told = self._http.post("/revocations", data={"after": self._last}).raise_for_status().json()
            for one in told["revoked"]:
                up_to, until = self._ends.get(one["mark"], (0, 0))
                self._ends[one["mark"]] = (max(up_to, one["up_to"]), max(until, one["until"]))
            self._last, more = told["last"], told["more"]
        # After `until` nothing that it ends can still be live.
        self._ends = {mark: ends for mark, ends in self._ends.items() if ends[1] > time.time()}

    def ended(self, caller: Caller) -> bool:
        """Say whether the token, or anything that it was made from, was revoked."""
        since, *marks = str(caller.claims["lineage"]).split(" ")
        return any(int(since) <= self._ends[mark][0] for mark in marks if mark in self._ends)


if __name__ == "__main__":
    verifier = Verifier(ISSUER, audience="https://inventory.acme.example")
    me = (os.environ["ACTAS_CLIENT_ID"], os.environ["ACTAS_CLIENT_SECRET"])
    revoked = Revoked(httpx2.Client(base_url=ISSUER, auth=me))
    caller = verifier.check_token(os.environ["TOKEN"])
    revoked.follow()
    print("revoked" if revoked.ended(caller) else caller.sentence)
