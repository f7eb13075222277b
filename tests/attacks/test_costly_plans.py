"""Planning something that takes the server minutes.

Who may only read may ask what a change would come to, so that people see it before they make it. Somebody who holds
that role, or its token, sends a configuration in which thousands of rules name thousands of APIs that are not there,
each nearly like one that is: for every mistake the nearest name is looked for. A few such plans would have every
thread of the server busy for minutes, and what others change meanwhile - a client that is switched off - would not
take effect.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.managing import Managing, managed, offered_client

N = 1000


@pytest.mark.requirement("REL-11", "REL-21")
def test_a_plan_full_of_mistakes_is_refused_soon(tmp_path: Path) -> None:
    apis = [f"api-{number:05d}-{'ab' * 24}" for number in range(N)]
    objects = [
        {
            "kind": "apis",
            "name": name,
            "document": {"name": name, "audience": f"https://{name}.example", "scopes": {"a": "b"}},
        }
        for name in apis
    ]
    objects += [
        {
            "kind": "rules",
            "name": f"r{number}",
            "document": {
                "name": f"r{number}",
                "allow": "own",
                "client": ["nightly"],
                "target": {"api": [f"api-{number:05d}-{'ba' * 24}{one}" for one in range(4)]},
                "scopes": {"any": ["a"]},
            },
        }
        for number in range(N)
    ]
    with managed(tmp_path) as server:
        auditor, operator = Managing(server, "eye"), Managing(server, "hand")
        # It took minutes; whoever waits for the answer gives up after twenty seconds.
        assert auditor("POST", "/plan", {"objects": objects}).status == 422
        assert operator.put("/clients/late", offered_client("late")).status == 201
