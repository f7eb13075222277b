"""What is wrong with a form, in sentences.

pydantic finds the faults; it speaks of types, tags and patterns. Here each fault gets the place in the
file and a sentence that says what to write instead. A value is never repeated in a sentence unless it is
a key or one of a closed set of words: it may be a secret in the wrong place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from actas.core.suggest import did_you_mean, nearest
from actas.settings.faults import Fault
from actas.settings.forms import Form
from actas.settings.sources import Loc, Written
from actas.settings.suggest import listed
from actas.settings.yaml import below

F = TypeVar("F", bound=Form)

_MANY: Final = 8
"""With more words than these, only the nearest one is named."""

_TYPES: Final = {
    "string_type": "must be text; put quotes around it",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list; write [a, b], or one item per line with '- '",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "missing": "is required",
    "union_tag_not_found": "is required",
}


def read_form(form: type[F], written: Written, faults: list[Fault]) -> F | None:
    """Read one section or item.

    Args:
        form: its class.
        written: where it stands.
        faults: what is wrong is added here.

    Returns:
        The form, or None when something is wrong with its shape.
    """
    try:
        return form.model_validate(written.value)
    except ValidationError as exc:
        details = exc.errors(include_url=False, include_input=False)
    faults.extend(_fault(form, written, one) for one in details)
    if any(one["type"] != "extra_forbidden" for one in details):
        return None
    # Keys that do not belong here hide nothing else: the rest is read, so that more is found at once.
    value = written.value
    for one in details:
        value = _without(value, _in_file(written.value, one["loc"], missing=True))
    try:
        return form.model_validate(value)
    except ValidationError:
        return None


def _fault(form: type[Form], written: Written, details: ErrorDetails) -> Fault:
    kind = details["type"]
    context: Mapping[str, Any] = details.get("ctx", {})
    forms = tuple(_forms_at(form, details["loc"]))
    loc = _in_file(written.value, details["loc"], missing=kind in ("missing", "extra_forbidden"))
    if kind == "extra_forbidden":
        return written.fault(loc, _unknown_key(str(loc[-1]), forms))
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        tag = str(context["discriminator"]).strip("'")
        misspelt = nearest(tag, _value_at(written.value, loc) or ())
        if kind == "union_tag_not_found" and misspelt is not None:
            message = f'there is no field "{misspelt}" here; did you mean "{tag}"?'
            return written.fault([*loc, misspelt], message)
        loc = [*loc, tag]
    if kind in ("literal_error", "union_tag_invalid"):
        return written.fault(loc, _unknown_word(_value_at(written.value, loc), context, forms))
    return written.fault(loc, _sentence(kind, context))


def _sentence(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "actas":
        return str(context["sentence"])
    if kind in _TYPES:
        return _TYPES[kind]
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"must be at {'least' if 'ge' in context else 'most'} {context.get('ge', context.get('le'))}"
    if kind == "too_short":
        return "is empty; name at least one, or leave the field out"
    if kind == "too_long":
        return f"must have at most {context.get('max_length')} entries"
    return "is not understood"


def _unknown_key(key: str, forms: Sequence[type[Form]]) -> str:
    if any(key in form.later for form in forms):
        return "is not part of this release; remove it"
    known = {info.alias or name for form in forms for name, info in form.model_fields.items()}
    return f'there is no field "{key}" here{did_you_mean(key, known) or f" (there is {listed(known)})"}'


def _unknown_word(value: object, context: Mapping[str, Any], forms: Sequence[type[Form]]) -> str:
    known = [word.strip("'") for word in _words(str(context.get("expected") or context.get("expected_tags")))]
    hint = did_you_mean(value, known) if isinstance(value, str) else ""
    options = ", ".join(known[:-1]) + (" or " if len(known) > 1 else "") + known[-1]
    if not isinstance(value, str):
        return f"must be {options}"
    if any(value in form.later_words for form in forms):
        return f"{value} is not part of this release; it must be {options}"
    if value.upper().startswith("HS") or value.lower() == "none":
        return f"must be {options}: symmetric algorithms and none are never accepted"
    if hint and len(known) > _MANY:
        return f'there is no "{value}" here{hint}'
    return f"must be {options}{hint}"


def _words(expected: str) -> Iterator[str]:
    return (part.strip() for part in expected.replace(" or ", ",").split(","))


def _in_file(value: Any, loc: Loc, *, missing: bool) -> list[str | int]:
    """Leave out of a pydantic location what is not in the file: the tags of unions, and such."""
    kept: list[str | int] = []
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        if step == "[key]":
            continue
        found = below(value, step)
        if found is not None:
            value = found[0]
        elif not (missing and last):
            continue
        kept.append(step)
    return kept


def _without(value: Any, loc: Loc) -> Any:
    """Return a copy of a tree without one key."""
    step, *rest = loc
    copy: Any = value[:] if hasattr(value, "append") else {**value}
    if rest:
        copy[step] = _without(copy[step], rest)
    else:
        copy.pop(step, None)
    return copy


def _value_at(value: Any, loc: Loc) -> Any:
    for step in loc:
        found = below(value, step)
        value = None if found is None else found[0]
    return value


def _forms_at(form: type[Form], loc: Loc) -> Iterator[type[Form]]:
    """Find the forms whose field a location names: the last that its keys lead to."""
    here: list[type[Form]] = [form]
    for step in loc[:-1]:
        fields = [
            info.annotation
            for one in here
            for name, info in one.model_fields.items()
            if (info.alias or name) == step
        ]
        below = [found for annotation in fields for found in _forms_in(annotation)]
        tagged = [one for one in here if step in _tags(one)]
        here = below or tagged or here
    return iter(here)


def _forms_in(annotation: object) -> Iterator[type[Form]]:
    if isinstance(annotation, type) and issubclass(annotation, Form):
        yield annotation
    for inner in get_args(annotation):
        yield from _forms_in(inner)


def _tags(form: type[Form]) -> tuple[object, ...]:
    """The words that choose this form among others, such as ``client_secret``."""
    info = form.model_fields.get("method")
    return get_args(info.annotation) if info is not None else ()
