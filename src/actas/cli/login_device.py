"""``actas login --device``: a person signs in at a browser anywhere, and this computer waits (RFC 8628).

What it gets is a login for managing the server, when that is what was asked for and the person holds a role;
else tokens of that person's, kept under a name for ``actas exchange`` and ``actas inspect``, which manage
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from actas.cli.asking import asker, proven
from actas.cli.chains import chain_of
from actas.cli.dpop import Holder, holder
from actas.cli.exits import Exit, Failure
from actas.cli.logins import Login, keep_login
from actas.cli.output import Answer, Ink
from actas.cli.proofs import Credentials
from actas.cli.run import Run
from actas.cli.saved import SavedToken, forget, save
from actas.cli.server import Ask, Server, fetch_keys, find_server, usable_address
from actas.cli.values import typed_path
from actas.cli.verdict import read_refusal
from actas.cli.wire import Answered, Sent
from actas.core.administrators import ROLES, Role, management_audience, scopes_within
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, DEVICE_CODE, ID_TOKEN, REFRESH_TOKEN

KEPT_AS: Final = "me"
"""The name under which tokens are kept when no other is said."""

SCOPE: Final = "openid"

_USUAL_INTERVAL: Final = 5
"""Seconds (RFC 8628 section 3.2), and by how much it grows when the server says that it is too short."""

_LONGEST: Final = 3600

_NO: Final = {
    "denied_by_person": "whoever was asked said no",
    "no_role": "whoever signed in holds no role there that allows it",
    "no_rule": "whoever signed in may not sign in to it",
}
"""What an answer of no means here, by its reason."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the server said to wait for.

    Attributes:
        code: for the device; it does not print.
        user_code: for the person.
        address: where to type it; ``complete`` has it filled in, or is None.
        interval: seconds between two questions.
        ends_at: seconds since the epoch.
    """

    code: Secret
    user_code: str
    address: str
    complete: str | None
    interval: int
    ends_at: float


def manage_from_device(run: Run, who: Credentials, role: Role | None) -> None:
    """Have somebody sign in who holds a role, and keep the login.

    Args:
        who: as for ``sign_in_on_device``.
        role: no higher than this one; None for whatever they hold.

    Raises:
        Failure: nobody signed in, or they hold no role.
    """
    ask = asker(run)
    address = run.server()
    server = find_server(address, ask)
    client = _of_nothing(who)
    wanted = " ".join(sorted(scopes_within(role or ROLES[-1])))
    told, sent = _signed_in(
        run, server, client, ask, scope=wanted, resource=(management_audience(server.issuer),)
    )
    lives = told.get("expires_in")
    if not isinstance(lives, int):
        raise Failure(
            "the server does not say how long the login is good", code="bad_answer", exit=Exit.PROTOCOL
        )
    login = Login(
        server=address,
        client=client.client,
        token=Secret(str(told["access_token"])),
        ends_at=int(run.now) + lives,
        proves=str(told.get("token_type")).lower() == "dpop",
        certificate=None if sent.certificate is None else str(typed_path(sent.certificate).absolute()),
    )
    keep_login(run.home, login)
    granted: list[Json] = [*str(told.get("scope") or "").split()]
    run.out.answer(
        Answer(
            kind="actas/Login",
            body={
                "server": address,
                "client": client.client,
                "scope": granted,
                "ends_at": login.ends_at,
            },
            name=client.client,
            lines=[
                (Ink("✓ ", "good"), f"signed in at {address} with {client.client}, for {lives // 60} minutes")
            ],
        )
    )


def sign_in_on_device(
    run: Run, who: Credentials, *, scope: tuple[str, ...], resource: tuple[str, ...], name: str
) -> None:
    """Have somebody sign in, and keep what comes of it.

    Args:
        who: the client that asks; without anything to prove it with, it only says its name.
        scope: what is asked for; empty asks who they are.
        resource: the APIs that it is for.
        name: what the access token is kept as; an ID token and a refresh token stand below it.

    Raises:
        Failure: nobody signed in, or nothing can be kept.
    """
    ask = asker(run)
    server = find_server(run.server(), ask)
    client = _of_nothing(who)
    tokens, _ = _signed_in(run, server, client, ask, scope=" ".join(scope) or SCOPE, resource=resource)
    _keep(run, server, ask, tokens, name)
    scopes: list[Json] = [*str(tokens.get("scope") or "").split()]
    lives = tokens.get("expires_in")
    run.out.answer(
        Answer(
            kind="actas/DeviceLogin",
            body={
                "server": server.issuer,
                "client": client.client,
                "scope": scopes,
                "saved": f"@{name}",
                "ends_at": int(run.now) + lives if isinstance(lives, int) else None,
            },
            name=f"@{name}",
            lines=[(Ink("✓ ", "good"), f"signed in at {server.issuer}, kept as @{name}")],
        )
    )


def _signed_in(
    run: Run, server: Server, client: Credentials, ask: Ask, *, scope: str, resource: tuple[str, ...]
) -> tuple[JsonObject, Sent]:
    """Show the code; return the server's answer once somebody said yes, and what it was asked with."""
    waiting = _begin(run, server, client, ask, scope=scope, resource=resource)
    run.out.aside(f"Open {waiting.address} and type the code {waiting.user_code}")
    if waiting.complete is not None:
        run.out.aside(f"or open {waiting.complete} and compare the code")
    return _wait(run, server, client, ask, waiting)


def _of_nothing(who: Credentials) -> Credentials:
    """Return a client that says its name alone when there is nothing to prove it with: most of these are."""
    something = (who.secret, who.key, who.certificate, who.workload_token)
    if who.method == "auto" and all(one is None for one in something):
        return replace(who, method="none")
    return who


def _begin(
    run: Run, server: Server, client: Credentials, ask: Ask, *, scope: str, resource: tuple[str, ...]
) -> Waiting:
    if server.device_endpoint is None:
        raise Failure(
            f"nobody signs in on devices at {server.issuer}",
            code="not_offered",
            exit=Exit.PROTOCOL,
            hint="a client with the grant device_code makes that possible",
        )
    form = (("scope", scope), *(("resource", one) for one in resource))
    answered = ask(proven(server.device_endpoint, client.prove(server, now=run.now), *form))
    told = answered.document() if answered.status == 200 else None
    match told or {}:
        case {
            "device_code": str(code),
            "user_code": str(user_code),
            "verification_uri": str(address),
            "expires_in": int(lives),
            **more,
        }:
            complete, interval = more.get("verification_uri_complete"), more.get("interval")
            if isinstance(complete, str):
                usable_address(complete, "verification_uri_complete", what="answer")
            return Waiting(
                code=Secret(code),
                user_code=user_code,
                address=usable_address(address, "verification_uri", what="answer"),
                complete=complete if isinstance(complete, str) else None,
                interval=interval if isinstance(interval, int) and interval > 0 else _USUAL_INTERVAL,
                ends_at=run.now + max(0, min(lives, _LONGEST)),
            )
        case _:
            raise _refused(client, answered, None)


def _wait(
    run: Run, server: Server, client: Credentials, ask: Ask, waiting: Waiting
) -> tuple[JsonObject, Sent]:
    """Return the server's answer, once somebody has decided, and what it was asked with; ask no sooner than
    the server said.
    """
    key = holder(run)
    form = (("grant_type", str(DEVICE_CODE)), ("device_code", waiting.code.reveal()))

    def asked() -> Sent:
        return proven(server.token_endpoint, client.prove(server, now=run.now), *form)

    interval = waiting.interval
    while True:
        left = max(0, waiting.ends_at - run.now)
        run.world.sleep(min(interval, left))
        if interval >= left or run.now >= waiting.ends_at:
            raise Failure("nobody answered in time", code="expired_token", exit=Exit.NO)
        try:
            sent, answered = key.asks(ask, asked)
        except Failure as failed:
            if failed.exit != Exit.UNFINISHED:
                raise
            interval *= 2  # RFC 8628 section 3.5: whoever hears nothing asks less often
            continue
        document = answered.document() or {}
        if answered.status == 200 and isinstance(document.get("access_token"), str):
            return document, sent
        if document.get("error") == "temporarily_unavailable":
            interval *= 2
        elif document.get("error") == "slow_down":
            interval += _USUAL_INTERVAL
        elif document.get("error") != "authorization_pending":
            raise _refused(client, answered, key)


def _keep(run: Run, server: Server, ask: Ask, tokens: JsonObject, name: str) -> None:
    """Keep what came, and of an earlier login under that name, which may be another person's, nothing."""
    keys = fetch_keys(server, ask)
    for member, token_type, below in (
        ("access_token", ACCESS_TOKEN, ""),
        ("id_token", ID_TOKEN, "/id"),
        ("refresh_token", REFRESH_TOKEN, "/refresh"),
    ):
        token = tokens.get(member)
        if isinstance(token, str):
            kept = SavedToken(
                token=Secret(token),
                token_type=str(token_type),
                issuer=server.issuer,
                jwks=keys,
                saved_at=int(run.now),
            )
            save(run.home, f"{name}{below}", kept)
        else:
            forget(run.home, f"{name}{below}")


def _refused(client: Credentials, answered: Answered, key: Holder | None) -> Failure:
    refused = read_refusal(answered, chain_of({}))
    hint = None
    if refused.reason == "bad_proof" and key is not None:
        hint = key.drift(answered)
    elif refused.error == "unauthorized_client":
        hint = f"{client.client} needs the grant device_code"
    elif refused.error == "invalid_target":
        hint = f"to manage with it, {client.client} needs sign_in.management; --scope asks for something else"
    no = _NO.get(refused.reason or "") if refused.error == "access_denied" else None
    return Failure(
        f"nobody is signed in through {client.client}: {no or refused.message}",
        code=refused.error,
        exit=Exit.NO if refused.error in ("access_denied", "expired_token") else refused.exit,
        hint=hint,
    )
