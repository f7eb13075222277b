"""From files to definitions, in steps. Every fault of every step that can be taken is reported together.

1. find, read and merge the files            ``sources``, ``yaml``
2. lay the environment over the settings     ``environment``
3. read every section and item into its form ``shaped``, ``schema``, ``sentences``
4. check what no single field can know       ``check``
5. resolve secrets and keys                  ``resolved``, ``references``
6. compile                                   ``compile``
7. ask the checks that others hand in        the policy's expressions, for one

``read`` takes steps 1 to 5 and ``Draft.compile`` the rest: a server knows its data folder before it has the
pepper under which client secrets are kept. ``load`` does both. In between, ``Draft.beside`` takes steps 3 to
5 once more with the objects that the store of record keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from actas.admin.objects import Kept, Offered
from actas.settings import compile as compiled
from actas.settings import compile_parties as parties
from actas.settings.check import check
from actas.settings.client_auth import client_auth
from actas.settings.compile_connections import believing, vouching
from actas.settings.definitions import Definitions, KeySettings, ServerSettings
from actas.settings.digest import digest_of
from actas.settings.environment import lay_over
from actas.settings.faults import Fault, Severity, together
from actas.settings.forms import ClientReference
from actas.settings.objects import laid, same_objects, standing
from actas.settings.references import References, SecretsMode
from actas.settings.resolved import Resolved, resolve
from actas.settings.schema_auth import SecretAuth
from actas.settings.schema_parties import ClientForm
from actas.settings.shaped import Shaped, shape
from actas.settings.sources import Gathered, Loc, gather
from actas.settings.strangers import document_terms, registration_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check handed in by another package found.

    Attributes:
        section: ``rules``, ``issuers`` and so on.
        name: of the item in it.
        field: the path below the item, such as ``when[0]``.
        message: a sentence a person can act on.
    """

    section: str
    name: str
    field: str
    message: str
    severity: Severity = "error"


ExtraCheck = Callable[[Definitions], Iterable[Finding]]
"""A check of compiled definitions, such as the policy compiling the expressions of rules and issuers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration without errors, and what it warns of."""

    definitions: Definitions
    warnings: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """How a configuration is read."""

    dev: bool
    environ: Mapping[str, str] = field(repr=False)
    secrets: SecretsMode


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What the files say, apart from what is laid beside it.

    Attributes:
        alone: whether they hold without anything beside them.
    """

    gathered: Gathered
    shaped: Shaped
    how: _How
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A configuration that was read and checked, before its client secrets are digested.

    Attributes:
        server: the settings of the server.
        keys: its own keys.
        warnings: what it warns of so far.
    """

    server: ServerSettings
    keys: KeySettings
    warnings: tuple[Fault, ...]
    _own: _Own
    _shaped: Shaped
    _resolved: Resolved
    _kept: Mapping[str, Kept] = field(default_factory=dict[str, Kept])

    def offered(self, *, pepper: bytes | None) -> tuple[Offered, ...]:
        """Return the objects of the files, as they are offered to the store of record.

        Args:
            pepper: the key under which secrets that ``--dev`` allows in a file are digested.
        """
        found = standing(self._own.gathered, self._own.shaped, pepper=pepper)
        return tuple(one.offered for one in found)

    def beside(self, kept: Iterable[Kept]) -> Draft:
        """Return this configuration with the objects of the store of record instead of its own.

        Args:
            kept: the objects in force.

        Raises:
            ConfigurationFaults: together they do not hold.
        """
        objects, own = tuple(kept), self._own
        clients = {one.name: one for one in objects if one.kind == "clients"}
        written = tuple(standing(own.gathered, own.shaped, pepper=None))
        if own.alone and same_objects(written, objects):
            return replace(self, _kept=clients)
        whole = _draft(laid(own.gathered, written, objects), own.how, alone=True)
        return replace(whole, _own=own, _kept=clients)

    def compile(self, *, pepper: bytes | None, extra_checks: Sequence[ExtraCheck] = ()) -> Loaded:
        """Return the definitions.

        Args:
            pepper: the key under which client secrets are digested, at least 32 bytes. Without one no
                digest is made, and no client can authenticate by a secret.
            extra_checks: checks of the compiled definitions.

        Raises:
            ConfigurationFaults: one of the checks found an error.
        """
        definitions = self._definitions(pepper)
        faults = list(self.warnings)
        for one in extra_checks:
            faults.extend(self._fault(finding) for finding in one(definitions))
        if _has_errors(faults):
            raise together(faults)
        return Loaded(definitions=definitions, warnings=tuple(faults))

    def _definitions(self, pepper: bytes | None) -> Definitions:
        shaped, resolved = self._shaped, self._resolved
        issuers = {name: item.form.issuer for name, item in shaped.issuers.items()}
        audiences = {name: item.form.audience for name, item in shaped.apis.items()}
        return Definitions(
            server=self.server,
            keys=self.keys,
            defaults=resolved.defaults,
            lives=resolved.lives,
            issuers={name: resolved.issuer(item.form) for name, item in shaped.issuers.items()},
            apis={name: parties.api(item.form) for name, item in shaped.apis.items()},
            clients={
                name: parties.client(
                    item.form,
                    lives=resolved.lives,
                    auth=client_auth(
                        item.form.auth,
                        found=resolved.clients[name],
                        made=self._made(name, item.form),
                        pepper=pepper,
                        issuers=issuers,
                    ),
                )
                for name, item in shaped.clients.items()
            },
            users={
                name: parties.user(one.form, password=resolved.passwords.get(name))
                for name, one in shaped.users.items()
            },
            admins=parties.administrators(item.form for item in shaped.admins.values()),
            rules=tuple(compiled.rule(one.form, place=one.written.place) for one in shaped.rules.values()),
            connections=tuple(vouching(shaped.connections.values(), resolved.secrets_abroad)),
            accepted=tuple(believing(shaped.connections.values())),
            audit=resolved.audit,
            limits=resolved.limits,
            notices=resolved.notices,
            impersonating=resolved.impersonating,
            documents=document_terms(shaped, resolved.lives),
            registering=registration_terms(shaped, resolved.initial_token, resolved.lives),
            tests=tuple(
                compiled.policy_test(item.form, audiences=audiences, place=item.written.place)
                for item in shaped.tests.values()
            ),
            places={
                section: {name: written.place for name, written in names.items()}
                for section, names in shaped.names.items()
            },
            digest=digest_of(shaped, resolved),
        )

    def _made(self, name: str, form: ClientForm) -> tuple[bytes, ...]:
        """Return the digests of the secrets that were made here for a client."""
        kept = self._kept.get(name)
        if kept is None or not isinstance(form.auth, SecretAuth):
            return ()
        if not any(isinstance(one, ClientReference) and one.generated for one in form.auth.secret):
            return ()
        return tuple(digest.value for digest in kept.digests)

    def _fault(self, finding: Finding) -> Fault:
        written = self._shaped.names[finding.section][finding.name]
        return written.fault(_loc(finding.field), finding.message, finding.severity)


def read(
    paths: Iterable[str | Path],
    *,
    dev: bool,
    environ: Mapping[str, str],
    secrets: SecretsMode = "required",
    alone: bool = True,
    only: Callable[[Gathered], Gathered] | None = None,
) -> Draft:
    """Read and check a configuration (steps 1 to 5).

    Args:
        paths: files, and folders whose ``*.yaml`` files are read in the order of their names.
        dev: allows http on this computer, and secrets in files only draw warnings.
        environ: the environment.
        secrets: what a client secret that cannot be had is.
        alone: whether it must hold by itself, rather than with what ``Draft.beside`` lays beside it.
        only: returns the part of it that is read (``apart``).

    Raises:
        ConfigurationFaults: something is wrong; every fault is in it.
    """
    lay_over(gathered := gather(paths), environ)
    part = gathered if only is None else only(gathered)
    return _draft(part, _How(dev=dev, environ=environ, secrets=secrets), alone=alone)


def _draft(gathered: Gathered, how: _How, *, alone: bool) -> Draft:
    shaped = shape(gathered)
    references = References(dev=how.dev, environ=how.environ, faults=gathered.faults, secrets=how.secrets)
    between = [] if gathered.broken else list(check(shaped, dev=how.dev))
    holds = not _has_errors(between)
    if alone or holds:  # what a broken file defines is not known, so nothing is said about names
        gathered.faults.extend(between)
    resolved = resolve(shaped, references)
    if resolved is None or _has_errors(gathered.faults):
        raise together(gathered.faults)
    return Draft(
        server=resolved.server,
        keys=resolved.keys,
        warnings=tuple(gathered.faults),
        _own=_Own(gathered=gathered, shaped=shaped, how=how, alone=holds),
        _shaped=shaped,
        _resolved=resolved,
    )


def load(
    paths: Iterable[str | Path],
    *,
    dev: bool,
    environ: Mapping[str, str],
    pepper: bytes | None,
    extra_checks: Sequence[ExtraCheck] = (),
) -> Loaded:
    """Read, check and compile a configuration: ``read`` and ``Draft.compile`` in one.

    Raises:
        ConfigurationFaults: something is wrong; every fault is in it.
    """
    return read(paths, dev=dev, environ=environ).compile(pepper=pepper, extra_checks=extra_checks)


def _has_errors(faults: Sequence[Fault]) -> bool:
    return any(fault.severity == "error" for fault in faults)


def _loc(place: str) -> Loc:
    """Return ``token.claims.team`` or ``when[0]`` as keys and indexes."""
    steps = re.findall(r"([^.\[\]]+)|\[(\d+)\]", place)
    return [int(index) if index else key for key, index in steps]
