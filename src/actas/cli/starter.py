"""The starter configuration: its text, and what differs between the places where a server can run.

The text is ``starter.yaml``, beside this file. Files are written by ``init``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final, Literal

from actas.core.url import read_url

Place = Literal["laptop", "container", "kubernetes"]

ENVELOPE: Final = "envelope.key"
CLIENT: Final = "orders"
SECRET: Final = "orders.secret"
IGNORED: Final = ("actas-data/", "*.key", "*.secret")
"""What belongs into no repository."""

_HERE: Final = "http://127.0.0.1:8693"
_ELSEWHERE: Final = "https://sts.acme.example"
_TEMPLATE: Final = Path(__file__).with_name("starter.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A starter configuration for one place.

    Attributes:
        chosen: the address that the server will have, or None when somebody has yet to choose it.
    """

    place: Place
    chosen: str | None

    @property
    def issuer(self) -> str:
        """The address: when nobody chose one, on a laptop its own, elsewhere one to be replaced."""
        return self.chosen or (_HERE if self.place == "laptop" else _ELSEWHERE)

    @property
    def dev(self) -> bool:
        """Whether it is for ``--dev`` only: its issuer is plain http on this computer."""
        return self.issuer.startswith("http://")

    def text(self) -> str:
        """Return the configuration."""
        listen, management = self._addresses()
        return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
            issuer=self.issuer,
            listen=listen,
            management=management,
            data="./actas-data" if self.place == "laptop" else "/var/lib/actas",
            # A cluster mounts secrets so that the group may read them, which the server refuses for files.
            envelope="{ env: ACTAS_ENVELOPE_KEY }" if self._in_cluster else f"{{ file: {ENVELOPE} }}",
            secret="{ env: ORDERS_SECRET }" if self._in_cluster else f"{{ file: {SECRET} }}",
            dev=" --dev" if self.dev else "",
        )

    def steps(self) -> tuple[str, ...]:
        """Return what comes next, in order."""
        dev = " --dev" if self.dev else ""
        choose = ("set server.issuer",) if self.chosen is None else ()
        return (*choose, "trust an issuer", f"actas check{dev}", f"actas serve{dev}")

    def then(self) -> str | None:
        """Return a command for afterwards: a first token on this computer, the secrets in a cluster."""
        if self._in_cluster:
            return (
                "kubectl create secret generic actas "
                f"--from-file=ACTAS_ENVELOPE_KEY={ENVELOPE} --from-file=ORDERS_SECRET={SECRET}"
            )
        if not self.dev:
            return None
        server = "" if self.issuer == _HERE else f" --server {self.issuer}"
        return f"actas exchange --own --client {CLIENT} --secret @./{SECRET} --audience inventory{server}"

    @property
    def _in_cluster(self) -> bool:
        return self.place == "kubernetes"

    def _addresses(self) -> tuple[str, str]:
        """Return where to serve the protocol and where health."""
        if not self.dev:
            host = "127.0.0.1" if self.place == "laptop" else "0.0.0.0"  # noqa: S104 - a container's only door
            return f"{host}:8693", f"{host}:8694"
        url = read_url(self.issuer)
        beside = url.port + 1 if url.port < 65535 else url.port - 1
        if ":" in url.host:  # in brackets, which YAML would take for a list
            return f'"[{url.host}]:{url.port}"', f'"[{url.host}]:{beside}"'
        return f"{url.host}:{url.port}", f"{url.host}:{beside}"
