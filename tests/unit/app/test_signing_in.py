"""Which pages there are of those on which people sign in, over a foundation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actas.app.assembly import assembly
from actas.app.foundation import foundation
from actas.app.signing_in import signing_in
from actas.settings.load import read
from actas.web.admission import Admission

ISSUER = "http://127.0.0.1:8693"


@pytest.mark.requirement("DG-1")
@pytest.mark.parametrize(
    ("grants", "there"), [(["authorization_code", "device_code"], True), (["authorization_code"], False)]
)
async def test_codes_of_devices_are_typed_wherever_an_app_may_have_one_also_if_known_by_its_document_only(
    tmp_path: Path, grants: list[str], there: bool
) -> None:
    tree = {
        "version": 1,
        "server": {"issuer": ISSUER, "data": "./data"},
        "client_metadata_documents": {"hosts": ["agents.example"], "grants": grants},
    }
    (tmp_path / "actas.yaml").write_text(json.dumps(tree), encoding="utf-8")
    draft = read([tmp_path / "actas.yaml"], dev=True, environ={})
    async with foundation(draft, dev=True, create=True) as base, assembly(base) as house:
        admission = Admission(most=10, meter=house.shared.meter)
        found = signing_in(base, house.shared, prefix="", admission=admission)
        assert ("/device" in found) is there
        assert "/authorize" in found
