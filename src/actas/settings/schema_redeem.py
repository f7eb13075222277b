"""The form of how this server redeems grants for a client: `redeem` of a connection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actas.settings.addresses import Host
from actas.settings.forms import Form, SecretSource
from actas.settings.schema_sign_in import PrivateKeyJwtForm


class RedeemForm(Form):
    """By what the other server knows this one, which redeems grants there as `resource.client_id`."""

    client_secret: SecretSource | None = Field(
        default=None,
        description="Where the secret is kept that the other server gave out: `{ env: NAME }` or "
        "`{ file: PATH }`, and no other secret. Over the management API an owner says so. This or "
        "`private_key_jwt`.",
    )
    private_key_jwt: PrivateKeyJwtForm | None = Field(
        default=None,
        description="Instead of a secret: a key of this server, which it makes and rotates. The other server "
        "is given the address `/sign-in/keys` below `server.issuer`, where the public half is.",
    )
    hosts: Annotated[list[Annotated[str, Host()]], Field(min_length=1, max_length=16)] | None = Field(
        default=None,
        description="Hosts besides that of `resource.issuer` at which its metadata may place its token "
        "endpoint. Default: none.",
    )
