"""The identity provider of the company: an OpenID issuer with discovery, keys and one way to sign in.

A pretend one: it knows two people by a password that was made for this run, and its sign-in has no pages.
What it publishes and signs is what any OpenID provider publishes and signs (OpenID Connect Core 1.0
section 2, Discovery 1.0 section 3).
"""

from __future__ import annotations

import hmac
import json
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from actas.core.ports import JsonObject
from actas.crypto.jose import PrivateKey, sign
from actas.demo.company import PEOPLE, WEB, Person, address

LIFE: Final = 300
"""Seconds that an ID token lives."""

_LARGEST: Final = 4096


def app(issuer: str, *, passwords: Mapping[str, str]) -> Starlette:
    """Return the provider, with a signing key of its own.

    Args:
        issuer: its identifier and address.
        passwords: of the people, by name.
    """
    key = PrivateKey.generate("ES256")

    async def discovery(_request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/sign-in",
                "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        )

    async def jwks(_request: Request) -> JSONResponse:
        return JSONResponse({"keys": [key.public.jwk()]})

    async def sign_in(request: Request) -> JSONResponse:
        person = _recognised(await _form(request), passwords)
        if person is None:
            return JSONResponse({"error": "access_denied"}, status_code=401)
        claims = _claims(person, issuer=issuer, now=int(time.time()))
        headers = {"Cache-Control": "no-store"}
        return JSONResponse({"id_token": sign(claims, key=key, typ="JWT")}, headers=headers)

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery),
            Route("/jwks", jwks),
            Route("/sign-in", sign_in, methods=["POST"]),
        ]
    )


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            return {}
    fields = parse_qs(body.decode("ascii", "replace"))
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _recognised(form: Mapping[str, str], passwords: Mapping[str, str]) -> Person | None:
    given = form.get("password", "").encode()
    for person in PEOPLE:
        if person.name == form.get("user") and hmac.compare_digest(given, passwords[person.name].encode()):
            return person
    return None


def _claims(person: Person, *, issuer: str, now: int) -> JsonObject:
    return {
        "iss": issuer,
        "sub": person.subject,
        "aud": WEB,
        "iat": now,
        "exp": now + LIFE,
        "auth_time": now,
        "acr": person.acr,
        "nonce": secrets.token_urlsafe(12),
        "email": person.email,
        "email_verified": True,
        "groups": list(person.groups),
    }


def main() -> None:
    """Serve on the port that the command line names, with the passwords of the file it names."""
    port, passwords = int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    uvicorn.run(app(address(port), passwords=passwords), host="127.0.0.1", port=port, use_colors=False)


if __name__ == "__main__":
    main()
