"""Secrets and public keys by reference: found, looked at, and never repeated in a message."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.crypto.jose import PublicKey
from actas.crypto.json import BadJson, read_object
from actas.crypto.signature import BadKey, WeakKey
from actas.settings.faults import Fault, Severity
from actas.settings.files import Unreadable, read_file
from actas.settings.forms import (
    ClientReference,
    ClientSecretSource,
    PublicFile,
    Reference,
    SecretSource,
    WrittenSecret,
)
from actas.settings.sources import Loc, Written

MIN_SECRET: Final = 32
"""Fewest characters of a secret: 128 bits at four bits a character (SEC-13)."""

MIN_PASSWORD: Final = 10
"""Fewest characters of a person's password."""

SecretsMode = Literal["required", "optional", "ignored"]
"""What a client secret that cannot be had is: an error, a warning, or nothing to speak of."""

_MIN_DIFFERENT: Final = 8
_MAX_SECRET_BYTES: Final = 16 * 1024
_MAX_KEY_BYTES: Final = 64 * 1024
_PLACEHOLDER: Final = re.compile(
    r"(?:change|replace)[ ._-]?(?:me|this|it)\b|your[ ._-]?secret|placeholder", re.IGNORECASE
)


@dataclass(slots=True)
class References:
    """Resolves the references of one configuration.

    Args:
        dev: whether what is unsafe only draws a warning.
        environ: the environment.
        faults: what is wrong is added here.
        secrets: what a client secret that cannot be had is. A command that authenticates nobody does not
            need them, and whoever runs it may not have them.
    """

    dev: bool
    environ: Mapping[str, str]
    faults: list[Fault]
    secrets: SecretsMode = "required"
    _keys: dict[Path, list[JsonObject]] = field(default_factory=dict[Path, list[JsonObject]])

    @property
    def _unsafe(self) -> Severity:
        return "warning" if self.dev else "error"

    def path(self, text: str, written: Written) -> Path:
        """Return the absolute path that ``text`` means where it is written."""
        return written.source.folder / text

    def find(self, text: str, written: Written) -> Path:
        """Return the path of a file that must exist: beside the configuration, else among the credentials.

        systemd puts credentials into a folder of its own and names it (systemd.exec(5)).
        """
        beside = self.path(text, written)
        folder = self.environ.get("CREDENTIALS_DIRECTORY")
        if folder and not Path(text).is_absolute() and ".." not in Path(text).parts and not beside.exists():
            return Path(folder) / text
        return beside

    def secret(self, source: SecretSource | ClientSecretSource, written: Written, loc: Loc) -> Secret | None:
        """Return a client's secret; None after a fault, or when this server made it."""
        if self.secrets == "ignored" or (isinstance(source, ClientReference) and source.generated):
            return None
        return self.own_secret(source, written, loc)

    def password(self, source: SecretSource, written: Written, loc: Loc) -> Secret | None:
        """Return a person's first password; None after a fault."""
        if self.secrets == "ignored":
            return None
        password = self.lent(source, written, loc)
        if password is not None and len(password.reveal()) < MIN_PASSWORD:
            self.faults.append(written.fault(loc, f"a password has at least {MIN_PASSWORD} characters"))
            return None
        return password

    def given(self, source: SecretSource, written: Written, loc: Loc) -> Secret | None:
        """Return the secret that another server gave this one to be known by; None after a fault."""
        return None if self.secrets == "ignored" else self.lent(source, written, loc)

    def own_secret(self, source: SecretSource, written: Written, loc: Loc) -> Secret | None:
        """Return a secret that every command over the data folder needs, or None after a fault."""
        secret = self.lent(source, written, loc)
        sentence = None if secret is None else weakness(secret)
        if sentence is not None:
            self.faults.append(written.fault(loc, sentence))
            return None
        return secret

    def lent(self, source: SecretSource, written: Written, loc: Loc) -> Secret | None:
        """Return such a secret that others made, in whatever form; None after a fault."""
        known = len(self.faults)
        secret = self._resolve(source, written, loc)
        if secret is None and self.secrets == "optional" and not isinstance(source, WrittenSecret):
            self.faults[known:] = [replace(fault, severity="warning") for fault in self.faults[known:]]
        return secret

    def address(self, source: SecretSource, written: Written, loc: Loc) -> Secret | None:
        """Return an address that may hold a password, or None after a fault. Whoever uses it reads it."""
        return self._resolve(source, written, loc)

    def _resolve(self, source: SecretSource, written: Written, loc: Loc) -> Secret | None:
        if isinstance(source, WrittenSecret):
            message = "a secret is written in the file; use { env: … } or { file: … }"
            self.faults.append(written.fault(loc, message, self._unsafe))
            return source.secret if self.dev else None
        if source.env is not None:
            return self._variable(source.env, written, [*loc, "env"])
        return self._file(source, written, [*loc, "file"])

    def _variable(self, name: str, written: Written, loc: Loc) -> Secret | None:
        value = self.environ.get(name)
        if not value:
            state = "not set" if value is None else "empty"
            self.faults.append(written.fault(loc, f"the environment variable {name} is {state}"))
            return None
        return Secret(value)

    def private_bytes(self, path: Path, written: Written, loc: Loc) -> bytes | None:
        """Return what is in a file that is private to its owner, or None after a fault."""
        try:
            data, open_to_others = read_file(path, most=_MAX_SECRET_BYTES, private=True)
        except Unreadable as exc:
            self.faults.append(written.fault(loc, f"{path}: {exc}"))
            return None
        self._refuse_open(path, written, loc, open_to_others=open_to_others)
        return data

    def _file(self, source: Reference, written: Written, loc: Loc) -> Secret | None:
        path = self.find(source.file or "", written)
        data = self.private_bytes(path, written, loc)
        if data is None:
            return None
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            self.faults.append(written.fault(loc, f"{path}: is not text"))
            return None
        # Editors and `echo` end a file with a line break that is no part of the secret.
        return Secret(text.removesuffix("\n").removesuffix("\r"))

    def envelope(self, reference: Reference, written: Written, loc: Loc) -> Path | None:
        """Return the path of the envelope key's file. It may not exist yet; else it must be private."""
        path = self.find(reference.file or "", written)
        try:
            _, open_to_others = read_file(path, most=_MAX_SECRET_BYTES, private=True)
        except Unreadable as exc:
            if path.exists():
                self.faults.append(written.fault(loc, f"{path}: {exc}"))
            return path
        self._refuse_open(path, written, loc, open_to_others=open_to_others)
        return path

    def _refuse_open(self, path: Path, written: Written, loc: Loc, *, open_to_others: bool) -> None:
        if open_to_others:
            message = f"others than its owner may use {path}; make it private: chmod 600"
            self.faults.append(written.fault(loc, message, self._unsafe))

    def public_keys(
        self, files: Collection[PublicFile], written: Written, loc: Loc, *, algorithms: Collection[str]
    ) -> tuple[JsonObject, ...]:
        """Return the public JWKs of files, each fit for one of ``algorithms``. Faults leave keys out."""
        found: dict[str, JsonObject] = {}
        for index, file in enumerate(files):
            path = self.find(file.file, written)
            here = [*loc, index, "file"]
            for jwk in self._jwks(path, written, here):
                try:
                    key = PublicKey.from_jwk(jwk, algorithms=algorithms)
                except (BadKey, WeakKey) as exc:
                    self.faults.append(written.fault(here, f"{path}: {exc}"))
                    continue
                if key.kid in found:
                    self.faults.append(written.fault(here, f"{path}: there is another key with the same kid"))
                found[key.kid] = key.jwk()
        return tuple(found.values())

    def _jwks(self, path: Path, written: Written, loc: Loc) -> list[JsonObject]:
        """Return the JWKs of a file that holds one, or a set of them."""
        if path in self._keys:
            return self._keys[path]
        try:
            data, _ = read_file(path, most=_MAX_KEY_BYTES)
            document = read_object(data, max_bytes=_MAX_KEY_BYTES)
        except (Unreadable, BadJson) as exc:
            self.faults.append(written.fault(loc, f"{path}: {exc}"))
            return []
        keys = document["keys"] if "keys" in document and "kty" not in document else [document]
        found = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
        if not found or not isinstance(keys, list) or len(found) != len(keys):
            self.faults.append(written.fault(loc, f"{path}: is neither a JSON Web Key nor a JWK set"))
            return []
        self._keys[path] = found
        return found


def weakness(secret: Secret) -> str | None:
    """Return why a secret is no secret, or None. The sentence does not describe it further (SEC-17)."""
    text = secret.reveal()
    if len(text) < MIN_SECRET:
        return f"the secret is shorter than {MIN_SECRET} characters; make one with: openssl rand -hex 32"
    if len(set(text)) < _MIN_DIFFERENT or not text.isprintable():
        return "the secret is too regular or not one line; make one with: openssl rand -hex 32"
    if _PLACEHOLDER.search(text):
        return "the secret is still the placeholder of an example; make one with: openssl rand -hex 32"
    return None
