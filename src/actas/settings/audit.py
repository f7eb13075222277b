"""The section ``audit`` resolved: paths, and what stands in the way of a sink."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from actas.audit.query import read_query
from actas.audit.webhook import BadWebhookSecret, read_secret
from actas.core.secret import Secret
from actas.settings.definitions import AuditSettings, SinkSettings
from actas.settings.forms import SecretSource
from actas.settings.references import References
from actas.settings.schema_audit import Audit, SinkForm
from actas.settings.shaped import Item
from actas.settings.sources import Loc, Written


def audit_settings(item: Item[Audit], references: References, *, data: Path) -> AuditSettings:
    """Return the settings of the audit log. Faults go to the references' list.

    Args:
        data: the data folder, in which no copy may be kept.
    """
    checkpoint = item.form.checkpoint
    copies = tuple(references.path(copy.file, item.written) for copy in checkpoint.also_to or ())
    sinks: dict[str, SinkSettings] = {}
    for index, form in enumerate(item.form.sinks or ()):
        loc = ("sinks", index)
        sink = _sink(form, item, references, data=data, loc=loc)
        if form.name in sinks:
            references.faults.append(item.written.fault((*loc, "name"), "another sink has this name"))
        if sink.file is not None and sink.file in {one.file for one in sinks.values()}:
            references.faults.append(item.written.fault((*loc, "file"), "another sink writes this file"))
        if sink.file is not None and sink.file in {_real(one) for one in copies}:
            references.faults.append(
                item.written.fault((*loc, "file"), "checkpoints are copied to this file")
            )
        # Two that write there at once would write into each other's lines.
        if form.stdout and any(one.file is None and one.webhook is None for one in sinks.values()):
            references.faults.append(item.written.fault((*loc, "stdout"), "another sink writes there"))
        sinks[form.name] = sink
    return AuditSettings(
        checkpoint_every=checkpoint.every,
        checkpoints_to=copies,
        sinks=tuple(sinks.values()),
        store=item.form.store,
    )


def _sink(form: SinkForm, item: Item[Audit], references: References, *, data: Path, loc: Loc) -> SinkSettings:
    file = None if form.file is None else _real(references.path(form.file, item.written))
    if file is not None and file.is_relative_to(_real(data)):
        message = "is in the data folder, where nothing of anybody else may be"
        references.faults.append(item.written.fault((*loc, "file"), message))
    secrets = webhook_secrets(form.secret or (), item.written, references, loc=(*loc, "secret"))
    rotate = form.rotate
    return SinkSettings(
        name=form.name,
        format=form.format,
        query=read_query(form.filter or ""),
        file=file,
        rotate_at=None if rotate is None else rotate.megabytes * 1_000_000,
        keep=None if rotate is None else rotate.keep,
        webhook=form.webhook,
        secrets=secrets,
        batch=form.batch or 100,
        required=form.required,
        reserve_age=form.reserve.age,
        reserve_bytes=form.reserve.megabytes * 1_000_000,
    )


def webhook_secrets(
    sources: Sequence[SecretSource], written: Written, references: References, *, loc: Loc
) -> tuple[Secret, ...]:
    """Return the secrets that a webhook is signed with. Faults go to the references' list.

    Args:
        loc: where the sources stand.
    """
    secrets: list[Secret] = []
    for index, source in enumerate(sources):
        here = written.at(loc, index)
        secret = references.secret(source, written, here)
        if secret is not None:
            try:
                read_secret(secret)
            except BadWebhookSecret as bad:
                references.faults.append(written.fault(here, str(bad)))
            secrets.append(secret)
    return tuple(secrets)


def _real(path: Path) -> Path:
    """Return where a path leads, as far as that can be said: links that go round lead nowhere."""
    return Path(os.path.realpath(path))
