"""The configuration in its form: every section and item read, every name known once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from actas.settings.faults import Fault
from actas.settings.forms import Form
from actas.settings.schema import LISTS
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
from actas.settings.sentences import read_form
from actas.settings.sources import Gathered, Source, Written
from actas.settings.suggest import Hints
from actas.settings.yaml import Section

F = TypeVar("F", bound=Form)


@dataclass(frozen=True, slots=True)
class Item(Generic[F]):
    """A form and where it stands."""

    form: F
    written: Written


@dataclass(slots=True, kw_only=True)
class Shaped:
    """The whole configuration.

    Attributes:
        server: None when something is wrong with its shape; so for the other sections.
        issuers: those whose shape is right, by name; so for the other lists.
        names: every name that is given, also by items whose shape is wrong, so that one mistake is not
            reported again by everybody who refers to it.
        hints: suggests names for those that nothing has.
    """

    server: Item[Server] | None
    keys: Item[Keys] | None
    defaults: Item[Defaults] | None
    client_metadata_documents: Item[ClientDocumentsForm] | None
    client_registration: Item[ClientRegistrationForm] | None
    impersonation: Item[ImpersonationForm] | None
    audit: Item[Audit] | None
    limits: Item[Limits] | None
    users: dict[str, Item[UserForm]] = field(default_factory=dict[str, Item[UserForm]])
    admins: dict[str, Item[AdminForm]] = field(default_factory=dict[str, Item[AdminForm]])
    issuers: dict[str, Item[IssuerForm]] = field(default_factory=dict[str, Item[IssuerForm]])
    apis: dict[str, Item[ApiForm]] = field(default_factory=dict[str, Item[ApiForm]])
    clients: dict[str, Item[ClientForm]] = field(default_factory=dict[str, Item[ClientForm]])
    rules: dict[str, Item[RuleForm]] = field(default_factory=dict[str, Item[RuleForm]])
    connections: dict[str, Item[ConnectionForm]] = field(default_factory=dict[str, Item[ConnectionForm]])
    tests: dict[str, Item[PolicyTestForm]] = field(default_factory=dict[str, Item[PolicyTestForm]])
    names: dict[str, dict[str, Written]] = field(default_factory=dict[str, dict[str, Written]])
    hints: Hints = field(default_factory=Hints)

    def unknown(self, section: str, name: str) -> str | None:
        """Return a sentence when nothing of that name exists, or None."""
        known = self.names[section]
        if name in known:
            return None
        return f'there is no {section[:-1]} "{name}"{self.hints.did_you_mean(name, known)}'


def shape(gathered: Gathered) -> Shaped:
    """Read every section and item into its form. Faults go to ``gathered.faults``."""
    found: list[Fault] = []
    names = {section: names_of(gathered.lists[section], section, found) for section in LISTS}
    shaped = Shaped(
        server=_section(Server, "server", gathered, found),
        keys=_section(Keys, "keys", gathered, found),
        defaults=_section(Defaults, "defaults", gathered, found),
        client_metadata_documents=_section(ClientDocumentsForm, "client_metadata_documents", gathered, found),
        client_registration=_section(ClientRegistrationForm, "client_registration", gathered, found),
        impersonation=_section(ImpersonationForm, "impersonation", gathered, found),
        audit=_section(Audit, "audit", gathered, found),
        limits=_section(Limits, "limits", gathered, found),
        users=_list(UserForm, gathered.lists["users"], found),
        admins=_list(AdminForm, gathered.lists["admins"], found),
        issuers=_list(IssuerForm, gathered.lists["issuers"], found),
        apis=_list(ApiForm, gathered.lists["apis"], found),
        clients=_list(ClientForm, gathered.lists["clients"], found),
        rules=_list(RuleForm, gathered.lists["rules"], found),
        connections=_list(ConnectionForm, gathered.lists["connections"], found),
        tests=_list(PolicyTestForm, gathered.lists["tests"], found),
        names=names,
    )
    gathered.faults.extend(_new(found, gathered.faults))
    return shaped


def _section(form: type[F], name: str, gathered: Gathered, faults: list[Fault]) -> Item[F] | None:
    written = gathered.sections.get(name)
    if written is None:
        nowhere = Source(gathered.first.shown, gathered.first.folder)
        written = Written(source=nowhere, path=name, line=0, value=Section())
        if any(info.is_required() for info in form.model_fields.values()):
            if not gathered.broken:
                faults.append(written.fault((), "is required"))
            return None
        return Item(form.model_construct(), written)
    read = read_form(form, written, faults)
    return None if read is None else Item(read, written)


def _list(form: type[F], items: list[Written], faults: list[Fault]) -> dict[str, Item[F]]:
    found: dict[str, Item[F]] = {}
    for written in items:
        read = read_form(form, written, faults)
        if read is not None and written.name is not None:
            found.setdefault(written.name, Item(read, written))
    return found


def names_of(items: list[Written], section: str, faults: list[Fault]) -> dict[str, Written]:
    """Return the items of a section by their names, the first of each. The others are added to the faults."""
    found: dict[str, Written] = {}
    for written in items:
        name = written.name
        if name is None:
            continue
        first = found.setdefault(name, written)
        if first is not written:
            message = f'the {section[:-1]} "{name}" is already defined at {first.place}'
            faults.append(written.fault(("name",), message))
    return found


def _new(found: list[Fault], reported: list[Fault]) -> list[Fault]:
    """Leave out faults about what the reader of YAML already reported, in the same file and place."""
    by_file: dict[str, list[str]] = {}
    for fault in reported:
        by_file.setdefault(_file(fault), []).append(fault.path)
    return [
        fault
        for fault in found
        if not any(path and _within(fault.path, path) for path in by_file.get(_file(fault), ()))
    ]


def _file(fault: Fault) -> str:
    file, _, line = fault.place.rpartition(":")
    return file if line.isdigit() else fault.place


def _within(path: str, reported: str) -> bool:
    """Whether one path is the other, or lies below it."""
    longer, shorter = (path, reported) if len(path) >= len(reported) else (reported, path)
    return longer == shorter or (longer.startswith(shorter) and longer[len(shorter)] in ".[")
