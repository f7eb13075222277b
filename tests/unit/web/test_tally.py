"""The numbers of a process: what one exchange adds, what bounds them, what several processes say together."""

from __future__ import annotations

import contextlib
import random
import time
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.fakes.house import NOW, House, ListWriter, secret_of

from actas.audit.stream import Receipt
from actas.core.errors import OAuthError
from actas.core.metrics import (
    AUDIT_CHECKPOINT_AGE,
    CLIENT_AUTH_FAILURES,
    EXCHANGE_DURATION,
    EXCHANGES,
    ISSUER_KEYS_AGE,
    METRICS,
    PREFIX,
    REPLAYS_REFUSED,
    RULE_MATCHES,
    UNMETERED,
    Counter,
    Gauge,
    Histogram,
)
from actas.core.ports import SystemChance
from actas.core.reasons import REASONS
from actas.core.wire import ID_TOKEN
from actas.web.gathering import Gathering
from actas.web.metrics import written
from actas.web.tally import GONE, OTHER, Labels, Snapshot, Tally, together


def series(snapshot: Snapshot) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every line of a scrape, as Prometheus's own library reads it."""
    text, _ = written(snapshot, accept="")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(tally: Tally, name: str, **labels: str) -> float:
    return series(tally.snapshot(0.0)).get((PREFIX + name, frozenset(labels.items())), 0.0)


class Forgetful(ListWriter):
    """An audit stream of which nothing is kept, for many requests."""

    async def append(self, body: bytes) -> Receipt:
        return Receipt("s1", len(body))


async def test_a_granted_exchange_is_counted_by_kind_rule_and_length_of_its_chain() -> None:
    tally = Tally()
    house = House(meter=tally)
    await house.ask(
        "assistant",
        house.id_token(),
        subject_token_type=str(ID_TOKEN),
        audience="orders",
        scope="orders:read",
    )
    assert value(tally, "exchanges_total", kind="delegation", outcome="granted", reason="") == 1
    assert value(tally, "exchange_duration_seconds_count", kind="delegation", outcome="granted") == 1
    assert value(tally, "chain_actors_bucket", kind="delegation", le="0.0") == 0
    assert value(tally, "chain_actors_bucket", kind="delegation", le="1.0") == 1
    assert value(tally, "rule_matches_total", rule=house.writer.events[-1]["rules"][0], effect="allow") == 1
    assert value(tally, "audit_entries_total", event="exchange:granted") == 1
    assert value(tally, "audit_append_seconds_count") == 1


@pytest.mark.requirement("REL-32")
async def test_every_reason_has_a_count_also_when_the_log_is_broken() -> None:
    tally = Tally()
    house = House(meter=tally)
    with pytest.raises(OAuthError):
        await house.ask(
            "assistant",
            house.id_token(iat=NOW - 700, exp=NOW - 100),
            subject_token_type=str(ID_TOKEN),
            audience="orders",
        )
    assert value(tally, "exchanges_total", kind="unknown", outcome="refused", reason="expired") == 1
    house.writer.broken = True
    for subject in (house.id_token(), house.id_token(iat=NOW - 700, exp=NOW - 100)):
        with pytest.raises(OAuthError):
            await house.ask("assistant", subject, subject_token_type=str(ID_TOKEN), audience="orders")
    found = dict(tally.snapshot(0.0).counters["exchanges_total"])
    assert found == {
        ("unknown", "refused", "expired"): 1,
        ("delegation", "refused", "audit_unavailable"): 1,
        ("unknown", "refused", "audit_unavailable"): 1,
    }
    assert len(REASONS) * 8 + 8 <= EXCHANGES.most, "exchanges_total holds every reason of every kind"


async def test_failed_authentication_is_counted_by_its_method() -> None:
    tally = Tally()
    house = House(meter=tally)
    for _ in range(2):
        with pytest.raises(OAuthError):
            await house.own("orders", client_secret="wrong")
    assert value(tally, "client_auth_failures_total", method="client_secret_post") == 2


@pytest.mark.requirement("REL-32")
async def test_a_hundred_thousand_made_up_clients_and_issuers_make_at_most_a_thousand_series() -> None:
    tally = Tally()
    house = House(meter=tally, writer=Forgetful())
    chosen = random.Random(7)
    forged = house.id_token().split(".")
    for _ in range(50_000):
        with contextlib.suppress(OAuthError):
            await house.own(f"{chosen.getrandbits(64):x}", client_secret=secret_of("orders"))
    for _ in range(1_000):
        issuer = house.id_token(iss=f"https://{chosen.getrandbits(64):x}.example")
        with contextlib.suppress(OAuthError):
            await house.ask(
                "assistant", issuer, audience="orders", subject_token_type="x" * chosen.randrange(9)
            )
        with contextlib.suppress(OAuthError):
            await house.ask(
                "assistant", ".".join([forged[0], issuer.split(".")[1], forged[2]]), audience="orders"
            )
    # And if some label did come from a caller after all:
    for number in range(50_000):
        tally.count(CLIENT_AUTH_FAILURES, f"client {number}")
        tally.observe(EXCHANGE_DURATION, 0.1, f"issuer {number}", "granted")
    assert len(series(tally.snapshot(0.0))) <= 1_000


def test_what_comes_beyond_the_bound_is_counted_together() -> None:
    tally = Tally()
    for number in range(CLIENT_AUTH_FAILURES.most * 2):
        tally.count(CLIENT_AUTH_FAILURES, str(number))
    found = dict(tally.snapshot(0.0).counters[CLIENT_AUTH_FAILURES.name])
    assert len(found) == CLIENT_AUTH_FAILURES.most
    assert found[OTHER,] == CLIENT_AUTH_FAILURES.most + 1
    tally.count(CLIENT_AUTH_FAILURES, "0")
    tally.count(CLIENT_AUTH_FAILURES, "1", "a label too many")
    tally.count(RULE_MATCHES, "a label too few")
    assert value(tally, "client_auth_failures_total", method="0") == 2
    assert value(tally, "client_auth_failures_total", method="1") == 2
    assert value(tally, "rule_matches_total", rule="a label too few", effect=OTHER) == 1


def test_several_processes_say_one_thing() -> None:
    one, two = Tally(), Tally()
    for tally, age in ((one, 5.0), (two, 9.0)):
        tally.count(REPLAYS_REFUSED, "client_assertion")
        tally.observe(EXCHANGE_DURATION, age / 1000, "delegation", "granted")
        tally.read(ISSUER_KEYS_AGE, partial(dict[Labels, float], {("corp-idp",): age}))
        tally.read(AUDIT_CHECKPOINT_AGE, partial(dict[Labels, float], {(): age}))
    both = series(together([one.snapshot(1.0), two.snapshot(1.0)], at=1.0))
    assert both["actas_replays_refused_total", frozenset({("what", "client_assertion")})] == 2
    labels = {("kind", "delegation"), ("outcome", "granted")}
    assert both["actas_exchange_duration_seconds_bucket", frozenset(labels | {("le", "0.005")})] == 1
    assert both["actas_exchange_duration_seconds_bucket", frozenset(labels | {("le", "+Inf")})] == 2
    assert both["actas_exchange_duration_seconds_sum", frozenset(labels)] == pytest.approx(0.014)
    assert both["actas_issuer_keys_age_seconds", frozenset({("issuer", "corp-idp")})] == 9
    assert both["actas_audit_checkpoint_age_seconds", frozenset()] == 5
    # Of a process that is gone, what was counted stays and what is no more goes.
    later = series(together([one.snapshot(1.0), two.snapshot(2.0 + GONE)], at=2.0 + GONE))
    assert later["actas_replays_refused_total", frozenset({("what", "client_assertion")})] == 2
    assert later["actas_audit_checkpoint_age_seconds", frozenset()] == 9


def test_a_counter_never_goes_back_whichever_process_is_asked_and_whoever_dies(tmp_path: Path) -> None:
    def total(gathering: Gathering) -> float:
        return series(gathering.now()).get(
            ("actas_replays_refused_total", frozenset({("what", "client_assertion")})), 0.0
        )

    houses = [Gathering(tmp_path, number=number) for number in range(3)]
    shown = 0.0
    chosen = random.Random(3)
    for step in range(300):
        which = chosen.randrange(3)
        houses[which].tally.count(REPLAYS_REFUSED, "client_assertion")
        if step % 50 == 49:
            total(houses[which])
            houses[which] = Gathering(
                tmp_path, number=which
            )  # it died after it was scraped, and was replaced
        now = total(houses[chosen.randrange(3)])
        assert now >= shown
        shown = now
    assert max(total(one) for one in houses * 2) == 300
    (tmp_path / "9.json").write_bytes(b"{ torn")
    assert total(houses[0]) == 300


def test_a_metric_is_counted_only_when_it_is_in_the_list() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert isinstance(metric, Counter) == metric.name.endswith("_total")
        assert metric.help.endswith(".")
        if isinstance(metric, Histogram):
            assert list(metric.buckets) == sorted(metric.buckets)
    bounded = [metric.most for metric in METRICS if not isinstance(metric, Gauge)]
    assert sum(bounded) < 2_500
    with pytest.raises(KeyError):
        Tally().count(Counter(name="unheard_of_total", help="No."))


def test_counting_costs_little() -> None:
    """Not a timed test: it only shows that nothing is written or parsed while one counts."""
    tally, began = Tally(), time.process_time()
    for _ in range(10_000):
        tally.count(RULE_MATCHES, "rule", "allow")
        tally.observe(EXCHANGE_DURATION, 0.002, "delegation", "granted")
    assert time.process_time() - began < 5
    UNMETERED.count(RULE_MATCHES, SystemChance().token(4), "allow")
    UNMETERED.observe(EXCHANGE_DURATION, 0.1, "delegation", "granted")
