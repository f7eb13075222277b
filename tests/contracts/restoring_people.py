"""What a restore must do with what people sign in with and let apps do, on every kind of database (REL-28)."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.contracts.configuration_store import AT
from tests.contracts.consent_store import entry as given
from tests.contracts.consent_store import kept as consent
from tests.contracts.credential_store import kept as credentials
from tests.contracts.restoring import RESTORED, Places, backed_up, restored
from tests.contracts.session_store import kept as session
from tests.fakes.clock import FixedClock
from tests.fakes.sealer import sealer

from actas.core.ports import SystemChance
from actas.crypto.one_time_code import step_at
from actas.signin.holdings import CodeMaker, Holdings, Passkey, Password, RecoveryCodes
from actas.signin.records import CredentialRecords
from actas.store.consents import SqlConsents
from actas.store.credentials import SqlCredentials
from actas.store.database import Database
from actas.store.sessions import SqlSessions


def records(database: Database, name: str = "ours") -> CredentialRecords:
    return CredentialRecords(SqlCredentials(database), sealer=sealer(name), chance=SystemChance())


class RestoringPeopleSuite(Places):
    """Inherit as ``Test...``, as ``RestoringSuite``."""

    @pytest.mark.requirement("REL-28")
    async def test_people_sign_in_with_what_they_have_now(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        store = SqlCredentials(database)
        old, new, gone = (credentials(version=1), credentials(version=2), credentials("actas:bob"))
        for one in (old, gone):
            assert await store.write(one, seen=None, beside=await store.neighbours())
        await backed_up(database, tmp_path / "b")
        assert await store.write(new, seen=old, beside=())
        assert await store.forget("actas:bob")
        await restored(other, tmp_path / "b")
        elsewhere = SqlCredentials(other)
        assert [await elsewhere.read(one.subject) for one in (old, gone)] == [old, gone]
        await restored(database, tmp_path / "b", replace=True)
        assert [await store.read(one.subject) for one in (old, gone)] == [new, None]

    @pytest.mark.requirement("REL-28")
    async def test_what_may_have_been_used_since_is_good_no_more_where_nobody_knows(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        step = step_at(RESTORED)
        had = Holdings(
            handle="h",
            password=Password(hashed="$argon2id$", made_at=AT),
            code_makers=(
                CodeMaker(id="old", name="", secret=b"s", step=step - 100, made_at=AT),
                CodeMaker(id="new", name="", secret=b"s", step=step + 100, made_at=AT),
            ),
            recovery=RecoveryCodes(digests=(b"d",), made_at=AT),
            passkeys=(Passkey(id=b"p", name="", attested=b"k", count=3, made_at=AT),),
        )
        await records(database).change("actas:alice", lambda _: (had, None))
        await records(database, "theirs").change("actas:bob", lambda _: (replace(had, handle="b"), None))
        before = await SqlCredentials(database).read("actas:bob")
        await backed_up(database, tmp_path / "b")
        await restored(other, tmp_path / "b")
        after = await records(other).read("actas:alice")
        assert [one.step for one in after.code_makers] == [step + 1, step + 100]
        assert after.recovery is None
        assert (after.password, after.passkeys) == (had.password, had.passkeys)
        # What nobody can open is left, and opens nothing.
        assert await SqlCredentials(other).read("actas:bob") == before
        await restored(database, tmp_path / "b", replace=True)
        assert await records(database).read("actas:alice") == had

    @pytest.mark.requirement("REL-28")
    async def test_apps_may_do_what_people_let_them_do_now(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        store = SqlConsents(database)
        old, new, gone = consent(), consent(version=2, scope=frozenset({"openid"})), consent("actas:bob")
        for number, one in enumerate((old, gone)):
            assert await store.write(one, seen=None, record=given(f"x_{number}"))
        await backed_up(database, tmp_path / "b")
        assert await store.write(new, seen=old, record=given("x_new"))
        await store.forget("actas:bob", "web")
        await restored(other, tmp_path / "b")
        assert [await SqlConsents(other).read(one.subject, "web") for one in (old, gone)] == [old, gone]
        await restored(database, tmp_path / "b", replace=True)
        assert [await store.read(one.subject, "web") for one in (old, gone)] == [new, None]

    @pytest.mark.requirement("REL-28", "SEC-77")
    async def test_no_backup_holds_a_session(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        assert await SqlSessions(database, clock=FixedClock()).keep(session(), replaces=None)
        await backed_up(database, tmp_path / "b")
        await restored(other, tmp_path / "b")
        assert await SqlSessions(other, clock=FixedClock()).find("d") is None
