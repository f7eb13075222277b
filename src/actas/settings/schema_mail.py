"""The form of ``server.mail``: the server that takes letters, and who writes them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from actas.settings.addresses import HostName
from actas.settings.forms import Form, SecretSource
from actas.settings.values import EMAIL, Prose, wrong


class MailForm(Form):
    """The SMTP server that takes letters to people, and who writes them."""

    host: Annotated[str, HostName()] = Field(
        description="The server, by its name: its certificate is checked against it.",
        examples=["smtp.acme.example"],
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, description="Default: 587, or 465 when `tls` is `tls`."
    )
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`starttls` begins in plain text and sends nothing before it is TLS; `tls` is it from "
        "the start; `none` is for a server on this computer.",
    )
    username: Annotated[str, Prose(200)] | None = Field(
        default=None, description="What to sign in with. Default: the server wants nothing."
    )
    password: SecretSource | None = Field(
        default=None,
        description="Where its password is kept: `{ env: NAME }` or `{ file: PATH }`. It comes with "
        "`username`.",
    )
    from_: Annotated[str, EMAIL] = Field(
        alias="from", description="The address that letters come from.", examples=["actas@acme.example"]
    )

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.username is None) != (self.password is None):
            wrong("username and password come together")
        if self.tls == "none" and self.host not in ("localhost", "127.0.0.1", "[::1]"):
            wrong("tls: none is for a server on this computer: names and reasons would be read on the way")
        return self
