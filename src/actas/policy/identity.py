"""How a foreign person becomes one of ours: the issuer's mapping, in CEL over its verified claims.

Two issuers' equal names never meet (SEC-24). An issuer with e-mail domains speaks for the verified
addresses in them, and no other issuer may list the same domain; every other name is kept apart by the
name of its issuer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from actas.core.claims import is_name
from actas.core.errors import BadToken
from actas.core.party import Mapped
from actas.core.person import subject_from
from actas.core.ports import Json
from actas.policy.expression import (
    ISSUER_NAMES,
    Context,
    EvaluationError,
    Expression,
    ExpressionError,
    compile_all,
)
from actas.trust.registry import TrustedIssuer

_ADDRESS: Final = re.compile(r"[^@\s:\"<>()\[\]\\,;]{1,64}@([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)")
MAX_GROUPS: Final = 256


class MappingError(ValueError):
    """An issuer's mapping cannot be compiled.

    Args:
        issuer: its name.
        field: the field below the issuer.
        message: what is wrong, for the person who wrote it.
    """

    def __init__(self, issuer: str, field: str, message: str) -> None:
        super().__init__(f"{issuer}: {field}: {message}")
        self.issuer = issuer
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class _Compiled:
    subject: Expression | None
    groups: Expression | None
    when: tuple[Expression, ...]
    mfa: Expression | None


class IdentityMapping:
    """The mappings of every trusted issuer, compiled.

    Args:
        issuers: the trusted issuers.

    Raises:
        MappingError: an expression cannot be compiled.
    """

    def __init__(self, issuers: Iterable[TrustedIssuer]) -> None:
        self._compiled = {issuer.issuer: _compile(issuer) for issuer in issuers}

    def map(self, issuer: TrustedIssuer, claims: Mapping[str, Json]) -> Mapped:
        """Return who the token speaks of, to us.

        Args:
            issuer: the issuer of the token.
            claims: its verified claims.

        Raises:
            BadToken: a condition is false or cannot be evaluated, or the result names nobody.
        """
        compiled = self._compiled[issuer.issuer]
        if compiled.subject is None and compiled.groups is None and not compiled.when:
            return Mapped(_local_name(issuer, claims.get("sub"), claims))
        try:
            context = Context({"claims": dict(claims)})
            for expression in compiled.when:
                if not expression.holds(context):
                    raise BadToken(
                        f"the issuer {issuer.name} does not accept it: {expression.source} is false"
                    )
            subject = claims.get("sub") if compiled.subject is None else compiled.subject.text(context)
            groups = () if compiled.groups is None else compiled.groups.texts(context)
        except EvaluationError as exc:
            raise BadToken(f"the mapping of the issuer {issuer.name}: {exc}") from exc
        if len(groups) > MAX_GROUPS or not all(is_name(group) for group in groups):
            raise BadToken(f"the mapping of the issuer {issuer.name} gives groups that are not names")
        return Mapped(_local_name(issuer, subject, claims), groups)

    def by_several_factors(self, issuer: TrustedIssuer, claims: Mapping[str, Json]) -> bool:
        """Return whether a sign-in at the issuer counts as one by several factors here.

        What cannot be evaluated, such as a claim that is not there, does not count.

        Args:
            claims: those of its ID token, verified.
        """
        asked = self._compiled[issuer.issuer].mfa
        if asked is None:
            return False
        try:
            return asked.holds(Context({"claims": dict(claims)}))
        except EvaluationError:
            return False


def _compile(issuer: TrustedIssuer) -> _Compiled:
    field = "subject"
    try:
        subject = None if issuer.subject == "claims.sub" else Expression(issuer.subject, names=ISSUER_NAMES)
        field = "groups"
        groups = None if issuer.groups is None else Expression(issuer.groups, names=ISSUER_NAMES)
        field = "when"
        when = compile_all(issuer.when, names=ISSUER_NAMES)
        field = "sign_in.mfa"
        asked = None if issuer.sign_in is None else issuer.sign_in.mfa
        mfa = None if asked is None else Expression(asked, names=ISSUER_NAMES)
        return _Compiled(subject, groups, when, mfa)
    except ExpressionError as exc:
        raise MappingError(issuer.name, field, str(exc)) from exc


def _local_name(issuer: TrustedIssuer, subject: object, claims: Mapping[str, Json]) -> str:
    if not isinstance(subject, str) or not is_name(subject):
        raise BadToken(f"the mapping of the issuer {issuer.name} names nobody")
    if not issuer.email_domains:
        # One that looks like a digest of ours could be the name of somebody who signs in (SEC-24).
        plain = not subject.startswith("~")
        local = f"{issuer.name}:{subject}" if plain else subject_from(issuer.name, subject)
        if not is_name(local):
            raise BadToken(f"the name that the issuer {issuer.name} gives is too long")
        return local
    address = _ADDRESS.fullmatch(subject)
    if address is None or address.group(1) not in issuer.email_domains:
        raise BadToken(f"the issuer {issuer.name} does not speak for that e-mail address (email_domains)")
    if claims.get("email") != subject or claims.get("email_verified") is not True:
        raise BadToken(f"the issuer {issuer.name} has not verified the e-mail address")
    return subject
