"""The company of the documentation as a configuration file, for a real server on this computer.

alice signs in at ``corp-idp``; the agent ``assistant`` works on orders for her; the service ``orders`` goes on
to ``inventory``; ``nightly`` and ``robot`` speak for themselves. Every secret is marked, so that a search for
``MARK`` over whatever a server leaves behind finds the one that leaked.
"""

from __future__ import annotations

import copy
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from actas.core.wire import (
    ACCESS_TOKEN,
    CLIENT_CREDENTIALS,
    ID_TOKEN,
    JWT_BEARER_CLIENT_ASSERTION,
    TOKEN_EXCHANGE,
)
from actas.crypto import jose
from tests.fakes.wire import encoded

MARK: Final = "canary"
IDP: Final = "https://idp.acme.example"
ORDERS: Final = "https://orders.acme.example"
INVENTORY: Final = "https://inventory.acme.example"

SECRET_CLIENTS: Final = ("assistant", "orders", "nightly", "desk")
"""The clients that have a secret."""


class Company:
    """Who there is, with their secrets and keys, and what they say.

    Args:
        folder: where its configuration is written; its public keys lie beside.
        issuer: of the server they talk to.

    Attributes:
        secrets: by client.
        environ: the variables in which the server finds them.
        file: the configuration.
        tree: the configuration, to be changed before it is written.
    """

    def __init__(self, folder: Path, *, issuer: str) -> None:
        self.folder = folder
        self.file = folder / "actas.yaml"
        self.issuer = issuer
        self.idp_key = jose.PrivateKey.generate("ES256")
        self.robot_key = jose.PrivateKey.generate("ES256")
        self.secrets = {name: f"{MARK}-{name}-{secrets.token_hex(16)}" for name in SECRET_CLIENTS}
        self.environ = {_variable(name): secret for name, secret in self.secrets.items()}
        self.tree: dict[str, Any] = {
            "version": 1,
            "server": {"issuer": issuer, "data": "./data"},
            # Tests fail on purpose, and often, and all from this computer.
            "limits": {
                name: [{"after": 100_000, "wait": "1s"}]
                for name in (
                    "failed_client_auth",
                    "failed_tokens",
                    "failed_sign_in",
                    "failed_sign_in_source",
                    "failed_sign_in_person",
                    "failed_provider_answer",
                    "failed_device_code",
                    "failed_device_code_source",
                )
            },
            "issuers": _issuers(),
            "apis": _apis(),
            "clients": _clients(),
            "rules": _rules(),
        }

    def write(self) -> None:
        """Write the configuration and the public keys it names. JSON is YAML."""
        for name, key in (("idp", self.idp_key), ("robot", self.robot_key)):
            document = {"keys": [key.public.jwk()]}
            (self.folder / f"{name}.jwks.json").write_text(json.dumps(document), encoding="utf-8")
        self.file.write_text(json.dumps(self.tree, indent=1), encoding="utf-8")

    def looked_into(self, **changes: Any) -> None:
        """Let the assistant act as people of ours at orders, and be asked for who does.

        Args:
            changes: fields that the rule has beside, or otherwise.
        """
        self.tree["rules"].append(
            {
                "name": "assistant-looks-in",
                "allow": "impersonation",
                "client": "assistant",
                "actor": {"from": self.tree["issuers"][0]["name"], "required": True},
                "subject": {"from": "actas", "kinds": ["person"]},
                "target": {"api": "orders"},
                "scopes": {"any": ["orders:read"]},
                **changes,
            }
        )

    def signed_in_to(self) -> None:
        """Have people sign in to desk."""
        self.named("clients", "desk").update(
            redirect_uris=["https://web.acme.example/callback"],
            grants=["token_exchange", "authorization_code"],
        )

    def named(self, section: str, name: str) -> dict[str, Any]:
        """Return one named thing of the configuration."""
        found: dict[str, Any] = next(one for one in self.tree[section] if one["name"] == name)
        return found

    def trust(self, issuer: str, *, name: str) -> None:
        """Believe one more identity provider, found by discovery, and let its people use the assistant."""
        self.tree["issuers"].append(
            {
                "name": name,
                "type": "oidc",
                "issuer": issuer,
                "audiences": ["acme-web"],
                "accepts": ["id_token", "jwt"],
            }
        )
        rule = copy.deepcopy(self.named("rules", "assistant-for-support"))
        rule |= {"name": f"assistant-for-{name}", "subject": {"from": name, "kinds": ["person"]}}
        self.tree["rules"].append(rule)

    # What they say.

    def id_token(self, user: str = "alice", **claims: Any) -> str:
        """Return an ID token of the company's identity provider; None leaves a claim out."""
        now = int(time.time())
        honest = {
            "iss": IDP,
            "sub": f"id-{user}",
            "aud": "acme-web",
            "iat": now,
            "exp": now + 600,
            "email": f"{user}@acme.example",
            "email_verified": True,
            "groups": ["support"],
        }
        return jose.sign(_without_none({**honest, **claims}), key=self.idp_key, typ="JWT")

    def assertion(self, **claims: Any) -> str:
        """Return a client assertion of ``robot``; None leaves a claim out."""
        now = int(time.time())
        honest = {
            "iss": "robot",
            "sub": "robot",
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        return jose.sign(
            _without_none({**honest, **claims}), key=self.robot_key, typ="client-authentication+jwt"
        )

    def own(self, who: str = "nightly", **parameters: Any) -> dict[str, Any]:
        """Return the form of a client credentials request."""
        form = {
            "grant_type": CLIENT_CREDENTIALS,
            "client_id": who,
            "client_secret": self.secrets.get(who),
            "audience": "inventory",
        }
        return _without_none({**form, **parameters})

    def asserted(self, **parameters: Any) -> dict[str, Any]:
        """Return the form of a client credentials request of ``robot``, with a fresh assertion."""
        form = {
            "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION,
            "client_assertion": self.assertion(),
            "client_id": None,
        }
        return self.own("robot", **{**form, **parameters})

    def exchange(self, who: str, subject: str, **parameters: Any) -> dict[str, Any]:
        """Return the form of a token exchange."""
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "client_id": who,
            "client_secret": self.secrets.get(who),
            "subject_token": subject,
            "subject_token_type": ACCESS_TOKEN,
        }
        return _without_none({**form, **parameters})

    def for_alice(self, subject: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Return the first exchange of the tour: the assistant asks to work on orders for alice."""
        form = {"subject_token_type": ID_TOKEN, "audience": "orders", "scope": "orders:read"}
        return self.exchange("assistant", subject or self.id_token(), **{**form, **parameters})

    def basic(self, form: Mapping[str, Any]) -> tuple[str, bytes]:
        """Return what a form becomes when its client uses HTTP Basic: the header, and the form that is left."""
        import base64
        from urllib.parse import quote_plus

        pair = f"{quote_plus(form['client_id'])}:{quote_plus(form['client_secret'])}"
        rest = {name: value for name, value in form.items() if name not in ("client_id", "client_secret")}
        return f"Basic {base64.b64encode(pair.encode()).decode()}", encoded(rest)


def _variable(name: str) -> str:
    return f"{name.upper()}_SECRET"


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _issuers() -> list[dict[str, Any]]:
    return [
        {
            "name": "corp-idp",
            "type": "jwks",
            "issuer": IDP,
            "jwks": [{"file": "idp.jwks.json"}],
            "audiences": ["acme-web"],
            "accepts": ["id_token", "jwt"],
            "algorithms": ["ES256"],
            "subject": "claims.email",
            "email_domains": ["acme.example"],
            "groups": "claims.groups",
            "when": "claims.email_verified == true",
        }
    ]


def _apis() -> list[dict[str, Any]]:
    return [
        {
            "name": "orders",
            "audience": ORDERS,
            "scopes": {"orders:read": "Read orders", "orders:write": "Change orders"},
        },
        {
            "name": "inventory",
            "audience": INVENTORY,
            "scopes": {"stock:read": "See stock", "stock:write": "Change stock"},
            "token": {"lifetime": "2m"},
        },
        {
            "name": "cellar",
            "audience": "urn:acme:cellar",
            "scopes": {"cellar:open": "Open"},
            "disabled": True,
        },
    ]


def _clients() -> list[dict[str, Any]]:
    both = ["token_exchange", "client_credentials"]
    anything = {"apis": ["orders", "inventory"]}

    def secret(name: str, **members: Any) -> dict[str, Any]:
        auth = {"method": "client_secret", "secret": {"env": _variable(name)}}
        return {"name": name, "kind": "service", "auth": auth, "may_request": anything, **members}

    return [
        secret("assistant", kind="agent", owner="dana@acme.example"),
        secret("orders", api="orders", grants=both),
        secret("nightly", grants=both),
        secret("desk", kind="app"),
        {
            "name": "robot",
            "kind": "service",
            "auth": {"method": "private_key_jwt", "jwks": [{"file": "robot.jwks.json"}]},
            "grants": both,
            "may_request": anything,
        },
        {"name": "phone", "kind": "app", "auth": {"method": "none"}},
    ]


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "name": "assistant-for-support",
            "allow": "delegation",
            "client": "assistant",
            "subject": {"from": "corp-idp", "kinds": ["person"], "groups": ["support"]},
            "target": {"api": "orders"},
            "scopes": {"any": ["orders:read", "orders:write"]},
        },
        {
            "name": "orders-to-inventory",
            "allow": "delegation",
            "client": "orders",
            "subject": {"from": "actas", "audience": "orders"},
            "target": {"api": "inventory"},
            "scopes": {"orders:read": ["stock:read"], "orders:write": ["stock:write"]},
        },
        {
            "name": "own-counts",
            "allow": "own",
            "client": ["nightly", "orders", "robot"],
            "target": {"api": "inventory"},
            "scopes": {"any": ["stock:read"]},
        },
        {
            "name": "no-agent-writes-stock",
            "deny": "any",
            "chain": {"kinds": ["agent"]},
            "target": {"api": "inventory", "scopes": ["stock:write"]},
            "reason": "Stock changes need a person at the keyboard.",
        },
    ]
