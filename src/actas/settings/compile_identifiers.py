"""Forms of what people are called between domains turned into values."""

from __future__ import annotations

from typing import Final

from actas.core.naming import Called, SubjectId
from actas.settings.schema_identifiers import CalledForm, SubjectIdForm

FIXED: Final = ("iss", "issuer", "nameid_format", "name_qualifier", "sp_name_qualifier")
"""The members of an identifier that are the same for everybody."""


def named(form: CalledForm) -> Called:
    """Return where a name comes from."""
    return Called(known_as=form.known_as, claim=form.claim)


def subject_id(form: SubjectIdForm | None) -> SubjectId | None:
    """Return how people are named by an identifier; None when they are not."""
    if form is None:
        return None
    fixed = {name: said for name in FIXED if (said := getattr(form, name)) is not None}
    own = {} if form.sp_provided_id is None else {"sp_provided_id": named(form.sp_provided_id)}
    return SubjectId(
        format=form.format,
        who=None if form.who is None else named(form.who),
        fixed=fixed,
        own=own,
        alone=form.compare == "nameid",
    )
