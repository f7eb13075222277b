"""For how long an answer says that it is good."""

from __future__ import annotations

import pytest

from actas.net.caching import MOST, fresh_for


@pytest.mark.requirement("OP-127")
@pytest.mark.parametrize(
    ("said", "age", "seconds"),
    [
        ([], [], None),
        (["public"], [], None),
        (["max-age=60"], [], 60),
        (["Public, Max-Age = 60"], [], 60),
        (['max-age="60"'], [], 60),
        (["max-age=60"], ["45"], 15),
        (["max-age=60"], ["90"], 0),
        (["max-age=60"], ["soon"], 60),
        (["max-age=60", "max-age=10"], [], 10),
        (["max-age=-60"], [], 0),
        (["max-age=a while"], [], 0),
        (["max-age=99999999999999999999"], [], MOST),
        (["no-store"], [], 0),
        (["max-age=60, no-cache"], [], 0),
        (['no-cache="set-cookie", max-age=60'], [], 0),
        (["s-maxage=10"], [], None),
    ],
)
def test_the_headers_say_so(said: list[str], age: list[str], seconds: int | None) -> None:
    assert fresh_for(said, age) == seconds
