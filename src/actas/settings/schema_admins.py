"""The form of who may manage the server: admins."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actas.admin.roles import Role
from actas.settings.forms import Form
from actas.settings.values import Name


class AdminForm(Form):
    """Who holds a role; each role holds what the one before it does."""

    later = frozenset({"user", "group", "from"})

    client: Annotated[str, Name()] = Field(description="A client that may ask for a token of this role.")
    role: Role = Field(
        description="`auditor` reads everything, `operator` also changes clients, APIs, issuers, rules and "
        "policy tests, `owner` also says who holds a role and what the defaults are."
    )
