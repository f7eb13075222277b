"""The company of the tour, written into one folder: its configuration, its people, its keys and secrets.

Everything secret is made anew, is readable by its owner alone, and is referred to by its file.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import shutil
import sys
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from actas.crypto.key import PrivateKey
from actas.crypto.private_jwk import private_jwk

ORDERS: Final = "https://orders.acme.example"
INVENTORY: Final = "https://inventory.acme.example"
"""What tokens are for: names, not addresses. Where the services answer is in ``Addresses``."""

WEB: Final = "acme-web"
"""The application that people sign in to, and so whom their ID tokens are for."""

_MARK: Final = "# The company of the demo."

_TEMPLATE: Final = Path(__file__).with_name("company.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can sign in at the identity provider.

    Attributes:
        subject: what the identity provider calls them; never changes.
        acr: how strongly they sign in.
    """

    name: str
    subject: str
    groups: tuple[str, ...]
    acr: str = "mfa"

    @property
    def email(self) -> str:
        """Their address, which is their name at the company."""
        return f"{self.name}@acme.example"


PEOPLE: Final = (
    Person(name="alice", subject="a-17", groups=("support",)),
    Person(name="dana", subject="d-04", groups=("platform", "support-leads")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of both companies, all on the loopback address."""

    server: int
    management: int
    corp_idp: int
    orders: int
    inventory: int
    auth_tickets: int
    tickets: int

    def named(self) -> dict[str, int]:
        """Return each port by whose it is."""
        return {
            "server": self.server,
            "management": self.management,
            "corp_idp": self.corp_idp,
            "orders": self.orders,
            "inventory": self.inventory,
            "auth_tickets": self.auth_tickets,
            "tickets": self.tickets,
        }


def address(port: int) -> str:
    """Return the address of a port of this computer."""
    return f"http://127.0.0.1:{port}"


class FolderInUse(Exception):
    """The folder that was named is not one for a demo. The message says why.

    Attributes:
        remedy: what to do about it.
    """

    def __init__(
        self, message: str, *, remedy: str = "name a folder that is empty, or not there yet"
    ) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The company in its folder.

    Attributes:
        passwords: of the people, by name: at the identity provider, and at the server.
    """

    folder: Path
    ports: Ports
    passwords: Mapping[str, str]

    @property
    def configuration(self) -> Path:
        """The configuration of the server."""
        return self.folder / "actas.yaml"

    @property
    def environment(self) -> Path:
        """A file for shells to source: what ``actas`` and the SDK need to know to take part as orders."""
        return self.folder / "env.sh"

    @property
    def home(self) -> Path:
        """Where the command line keeps the tokens of the tour."""
        return self.folder / "home"

    @property
    def logs(self) -> Path:
        """Where the programs write what they have to say."""
        return self.folder / "logs"

    @property
    def passwords_file(self) -> Path:
        """The passwords, for the identity provider."""
        return self.folder / "passwords.json"

    @property
    def agent_key(self) -> Path:
        """The assistant's private key, one JWK."""
        return self.folder / "assistant.jwk"

    @property
    def orders_secret(self) -> Path:
        """The client secret of orders."""
        return self.folder / "orders.secret"

    @property
    def helpdesk_secret(self) -> Path:
        """The client secret of the helpdesk."""
        return self.folder / "helpdesk.secret"

    @property
    def received(self) -> Path:
        """The last token that inventory accepted, so that the tour can take it apart."""
        return self.folder / "received.token"


@contextlib.contextmanager
def folder_for(kept: Path | None) -> Generator[Path]:
    """Yield the folder of a tour: a new one that is deleted at the end, or one that is kept.

    Args:
        kept: where to keep it: a folder that is missing, empty, or from an earlier tour, whose audit log
            then goes on.

    Raises:
        FolderInUse: ``kept`` is something else, or another tour runs in it.
    """
    if kept is None:
        made = Path(tempfile.mkdtemp(prefix="actas-demo-"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    folder = kept.expanduser().absolute()
    try:
        if folder.exists() and any(folder.iterdir()) and not _is_ours(folder):
            raise FolderInUse(f"{folder} is not empty and holds no demo")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "demo.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FolderInUse(f"{folder} cannot be used: {error.strerror}") from error
    try:
        _lock(lock, folder)
        yield folder
    finally:
        os.close(lock)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderInUse(
            f"another demo runs in {folder}",
            remedy="stop that one with Ctrl-C, or name a folder that is empty or not there yet",
        ) from None


def _is_ours(folder: Path) -> bool:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return (folder / "actas.yaml").read_text(encoding="utf-8").startswith(_MARK)
    return False


def template() -> str:
    """Return the configuration of the server, with the ports left open."""
    return _TEMPLATE.read_text(encoding="utf-8")


def found(folder: Path, ports: Ports, *, configuration: str) -> Company:
    """Write the company into ``folder``.

    Args:
        configuration: of the server, as ``template`` gives it.
    """
    company = Company(
        folder=folder,
        ports=ports,
        passwords={person.name: secrets.token_urlsafe(24) for person in PEOPLE},
    )
    for inner in (company.logs, company.home):
        inner.mkdir(mode=0o700, exist_ok=True)
    write_private(company.orders_secret, secrets.token_urlsafe(32))
    write_private(company.helpdesk_secret, secrets.token_urlsafe(32))
    write_private(company.passwords_file, json.dumps(dict(company.passwords)))
    for name, password in company.passwords.items():
        write_private(folder / f"{name}.password", password)
    _write_agent_key(company)
    text = Template(configuration).substitute(ports.named())
    company.configuration.write_text(text, encoding="utf-8")
    company.environment.write_text(_environment(company), encoding="utf-8")
    return company


def write_private(path: Path, text: str) -> None:
    """Write a file that is whole or not there, and that only its owner may ever read."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def _write_agent_key(company: Company) -> None:
    key = PrivateKey.generate("ES256")
    write_private(company.agent_key, json.dumps(private_jwk(key)))
    public = json.dumps(key.public.jwk())
    company.agent_key.with_suffix(".pub.jwk").write_text(public, encoding="utf-8")


def _environment(company: Company) -> str:
    """Return the file to source. The secret is read from its own file when that happens."""
    programs = Path(sys.executable).parent
    here = shlex.quote(str(company.folder))
    lines = [
        "# Source this in a shell to take part in the running demo, as the service orders.",
        f"export ACTAS_DEMO={here}",
        f"export ACTAS_ISSUER={address(company.ports.server)}",
        'export ACTAS_CONFIG="$ACTAS_DEMO/actas.yaml" ACTAS_DEV=1',
        'export ACTAS_HOME="$ACTAS_DEMO/home"',
        "export ACTAS_CLIENT_ID=orders",
        'export ACTAS_CLIENT_SECRET="$(cat "$ACTAS_DEMO/orders.secret")"',
        "unset ACTAS_SERVER ACTAS_CLIENT_KEY",
    ]
    if shutil.which("actas") != str(programs / "actas"):
        lines.append(f'export PATH={shlex.quote(str(programs))}:"$PATH"')
    if any(os.environ.get(name) for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")):
        lines.append('export no_proxy="127.0.0.1${no_proxy:+,$no_proxy}"  # no proxy on this computer')
    return "\n".join(lines) + "\n"
