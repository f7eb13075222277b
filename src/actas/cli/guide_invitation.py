"""What can be tried while the demo keeps running: commands that work as they are typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from actas.cli.output import Ink, Line
from actas.cli.telling import explanation

if TYPE_CHECKING:
    from actas.demo.company import Company
    from actas.demo.tour import Report


def invitation(report: Report) -> Iterator[Line]:
    """Yield where everything runs, and what can be tried."""
    company, ports = report.company, report.company.ports
    at = "http://127.0.0.1"
    yield f"Running   {at}:{ports.server:<5}  the server     {at}:{ports.orders:<5}  orders"
    yield f"          {at}:{ports.corp_idp:<5}  corp-idp       {at}:{ports.inventory:<5}  inventory"
    yield f"          {at}:{ports.auth_tickets:<5}  auth.tickets   {at}:{ports.tickets:<5}  tickets"
    yield "Try       in another terminal; tokens named @demo/… stay alive while this runs"
    for wanted, typed in _ideas(report):
        yield ""
        yield Ink(f"   {wanted}", "dim")
        yield from (f"   {line}" for line in typed)
    yield ""
    yield f"Logs      {company.logs}"
    yield "Stop with Ctrl-C."


def typed_first(company: Company) -> str:
    """Return what a shell is told before the commands of the demo mean the company's configuration."""
    return f". {shlex.quote(str(company.environment))}"


def _across(report: Report) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What can be tried of the way into the other company."""
    agent = 'actas exchange --client assistant --key "$ACTAS_DEMO/assistant.jwk" --subject @demo/alice'
    there = f"http://127.0.0.1:{report.company.ports.auth_tickets}"
    yield (
        "ask for a grant for the other company, and see what it says",
        (f"{agent} \\", f"        --for id-jag --to {there} --scope tickets:read"),
    )
    yield (
        "what the other company wrote of such grants, in its own log",
        ('ACTAS_CONFIG="$ACTAS_DEMO/tickets/actas.yaml" actas audit search kind:redemption',),
    )
    yield (
        'pause the connection, which is open, and resume it, as dana (cat "$ACTAS_DEMO/dana.password")',
        (
            "actas login --device --client cli --client-auth none",
            "actas connections pause assistant-to-tickets",
            "actas connections resume assistant-to-tickets",
        ),
    )


def _ideas(report: Report) -> Iterator[tuple[str, tuple[str, ...]]]:
    ports = report.company.ports
    yield "take part, as the service orders", (typed_first(report.company),)
    refused = [told.shown for told in report.scenes if told.shown and told.shown.outcome == "refused"]
    for shown in refused:
        if shown.entry is not None:
            yield "why it was refused, stage by stage", (explanation(shown.entry),)
    halted = [told.shown.crossed.halt for told in report.scenes if told.shown and told.shown.crossed]
    for halt in halted:
        if halt.entry is not None:
            yield (
                "why there was no grant while the connection was paused (it is resumed since)",
                (explanation(halt.entry),),
            )
    if any(told.scene.number == 2 and told.shown for told in report.scenes):
        yield "take the token apart that inventory accepted", ("actas inspect @demo/scene-2",)
    yield (
        "ask for that token yourself",
        ("actas exchange --subject @demo/scene-1 --audience inventory --scope stock:read",),
    )
    yield (
        "what dana did as alice, from the log alone",
        ('actas audit search "impersonation:*"',),
    )
    yield (
        f"sign in as alice in a browser, at http://127.0.0.1:{ports.server}/account",
        ('cat "$ACTAS_DEMO/alice.password"',),
    )
    yield "prove that nobody edited the log", ("actas audit verify",)
    yield from _across(report)
    yield (
        "be the agent, and call orders for alice",
        (
            'AGENT=$(actas exchange --client assistant --key "$ACTAS_DEMO/assistant.jwk" \\',
            "        --subject @demo/alice --audience orders)",
            f'curl -s -H "Authorization: Bearer $AGENT" http://127.0.0.1:{ports.orders}/orders/7/stock',
        ),
    )
    yield (
        "change a rule",
        (
            '${EDITOR:-vi} "$ACTAS_DEMO/actas.yaml" && actas check',
            'kill -HUP "$(cat "$ACTAS_DEMO/server.pid")"',
        ),
    )
