"""How long a sign-in is good for, as it is written: usual spans, bounds, and what a client says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, acme, loaded, named, sentences

from actas.core.client import SignInLives

DAY = 24 * 3600


def app(sign_in: dict[str, Any] | None = None, **defaults: Any) -> dict[str, Any]:
    tree = acme()
    one = named(tree, "clients", "partner-gateway")
    one["redirect_uris"] = ["https://partner.example/callback"]
    if sign_in is not None:
        one["sign_in"] = sign_in
    if defaults:
        tree["defaults"]["sign_in"] = defaults
    return tree


def lives(folder: Path, tree: dict[str, Any], **how: Any) -> tuple[SignInLives, SignInLives]:
    """What holds everywhere, and at the client."""
    found = loaded(folder, tree, **how).definitions
    terms = found.clients["partner-gateway"].sign_in
    assert terms is not None
    return found.lives, terms.lives


def test_left_out_the_usual_spans_hold(tmp_path: Path) -> None:
    usual = SignInLives(
        session=8 * 3600, session_idle=2 * 3600, refresh=30 * DAY, refresh_idle=7 * DAY, id_token=300
    )
    assert lives(tmp_path, app()) == (usual, usual)


@pytest.mark.requirement("OP-74", "OP-58")
def test_what_is_written_holds_and_a_client_may_say_otherwise(tmp_path: Path) -> None:
    tree = app(
        {"refresh": {"lifetime": "1d"}, "id_token": "1m"},
        session={"lifetime": "12h", "idle": "15m"},
        refresh={"lifetime": "10d", "idle": "2d"},
        id_token="2m",
    )
    everywhere, here = lives(tmp_path, tree)
    assert everywhere == SignInLives(
        session=12 * 3600, session_idle=900, refresh=10 * DAY, refresh_idle=2 * DAY, id_token=120
    )
    assert here == SignInLives(
        session=12 * 3600, session_idle=900, refresh=DAY, refresh_idle=2 * DAY, id_token=60
    )


def test_the_environment_may_say_it(tmp_path: Path) -> None:
    environ = {**ACME_ENVIRONMENT, "ACTAS_DEFAULTS__SIGN_IN__SESSION__LIFETIME": "1h"}
    everywhere, _ = lives(tmp_path, app(), environ=environ)
    assert everywhere.session == 3600


@pytest.mark.parametrize(
    ("defaults", "place"),
    [
        ({"id_token": "6m"}, "defaults.sign_in.id_token"),
        ({"id_token": "29s"}, "defaults.sign_in.id_token"),
        ({"session": {"lifetime": "31d"}}, "defaults.sign_in.session.lifetime"),
        ({"session": {"idle": "1m"}}, "defaults.sign_in.session.idle"),
        ({"refresh": {"lifetime": "91d"}}, "defaults.sign_in.refresh.lifetime"),
        ({"refresh": {"idle": 0}}, "defaults.sign_in.refresh.idle"),
        ({"refresh": {"idel": "1d"}}, "defaults.sign_in.refresh.idel"),
    ],
)
def test_no_span_is_without_bounds(tmp_path: Path, defaults: dict[str, Any], place: str) -> None:
    (found,) = sentences(tmp_path, app(**defaults))
    assert found.startswith(place)


def test_a_client_has_no_longer_id_tokens_either(tmp_path: Path) -> None:
    (found,) = sentences(tmp_path, app({"id_token": "10m"}))
    assert "sign_in.id_token" in found
