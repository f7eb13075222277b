"""The form of the whole file: its sections, in the order in which they are written.

The sections are in ``schema_server``, ``schema_limits``, ``schema_audit``, ``schema_parties``,
``schema_rules``, ``schema_connections`` and ``schema_tests``. The JSON Schema and the configuration
reference are made from these classes, so every field has a description.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from actas.settings.forms import Form
from actas.settings.schema_admins import AdminForm
from actas.settings.schema_apis import ApiForm
from actas.settings.schema_audit import Audit
from actas.settings.schema_connections import ConnectionForm
from actas.settings.schema_impersonation import ImpersonationForm
from actas.settings.schema_limits import Limits
from actas.settings.schema_parties import ClientForm, IssuerForm
from actas.settings.schema_people import UserForm
from actas.settings.schema_rules import RuleForm
from actas.settings.schema_server import Defaults, Keys, Server
from actas.settings.schema_strangers import ClientDocumentsForm, ClientRegistrationForm
from actas.settings.schema_tests import PolicyTestForm


class Configuration(Form):
    """The configuration of one server, in one file or in several that are read as one."""

    later = frozenset({"profiles", "vault", "signals", "metrics"})

    version: Literal[1] = Field(description="The version of this form. One of the files must say it.")
    server: Server = Field(description="The server itself.")
    keys: Keys = Field(default_factory=Keys.model_construct, description="Its own keys.")
    defaults: Defaults = Field(
        default_factory=Defaults.model_construct,
        description="What holds where neither a rule nor an API says otherwise.",
    )
    users: list[UserForm] = Field(
        default_factory=list[UserForm], description="Who signs in here; most people arrive from an issuer."
    )
    admins: list[AdminForm] = Field(
        default_factory=list[AdminForm], description="Who may manage this server through its API."
    )
    issuers: list[IssuerForm] = Field(default_factory=list[IssuerForm], description="Whom we believe.")
    apis: list[ApiForm] = Field(default_factory=list[ApiForm], description="What tokens are for.")
    clients: list[ClientForm] = Field(default_factory=list[ClientForm], description="Who asks.")
    client_metadata_documents: ClientDocumentsForm = Field(
        default_factory=ClientDocumentsForm.model_construct,
        description="Clients that nobody listed, and that publish what they are.",
    )
    client_registration: ClientRegistrationForm = Field(
        default_factory=ClientRegistrationForm.model_construct,
        description="Clients that nobody listed, and that register themselves (RFC 7591).",
    )
    rules: list[RuleForm] = Field(
        default_factory=list[RuleForm],
        description="Exchange rules: any deny wins, no allow means no, order never matters.",
    )
    connections: list[ConnectionForm] = Field(
        default_factory=list[ConnectionForm],
        description="Cross-app access: which app reaches another domain, for whom, with no consent screen.",
    )
    impersonation: ImpersonationForm = Field(
        default_factory=ImpersonationForm.model_construct,
        description="What holds for every rule that lets somebody act as somebody else.",
    )
    audit: Audit = Field(
        default_factory=Audit.model_construct, description="What leaves a trace, and where it goes."
    )
    limits: Limits = Field(
        default_factory=Limits.model_construct, description="Bounds on what the server takes on."
    )
    tests: list[PolicyTestForm] = Field(
        default_factory=list[PolicyTestForm],
        description="Policy tests: run by `actas check`, and in your pipeline.",
    )


SECTIONS: Final[dict[str, type[Form]]] = {
    "server": Server,
    "keys": Keys,
    "defaults": Defaults,
    "client_metadata_documents": ClientDocumentsForm,
    "client_registration": ClientRegistrationForm,
    "impersonation": ImpersonationForm,
    "audit": Audit,
    "limits": Limits,
}
"""The sections about the server itself: mappings. The environment overrides them, but for what is policy."""

LISTS: Final[dict[str, type[Form]]] = {
    "users": UserForm,
    "admins": AdminForm,
    "issuers": IssuerForm,
    "apis": ApiForm,
    "clients": ClientForm,
    "rules": RuleForm,
    "connections": ConnectionForm,
    "tests": PolicyTestForm,
}
"""The sections that are lists of named things: they come from files only."""
