"""What a sink has not: read from the log as it is kept, in bounded pieces, and made into deliveries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from actas.audit.chain import EMPTY, Head, line_hash
from actas.audit.checkpoint import BadCheckpoint, SignedCheckpoint, jws_of, read
from actas.audit.formats.entry import CHECKPOINTS, checkpoint_entry, millis, read_entry
from actas.audit.kept import KeptLog, StreamDamaged, StreamReader
from actas.audit.query import matches
from actas.audit.sinks import Batch, Sink
from actas.audit.stream import made_at
from actas.crypto.jose import PublicKey

LARGEST: Final = 512 * 1024
"""Bytes of the documents of one delivery; a single entry may be larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a sink has not of one stream.

    Attributes:
        entries: how many.
        upto: the end of the stream when it was looked at.
        since: when the first of them was made, in seconds since the epoch; 0 when it does not say.
        size: about how many bytes.
        changed: why the stream does not go on from what the sink has, for administrators; None when it does.
    """

    entries: int
    upto: int
    since: int
    size: int
    changed: str | None = None


def missing(log: KeptLog, has: Mapping[str, Head]) -> dict[str, Missing]:
    """Return what a sink has not, by stream.

    Args:
        has: the last entry of each stream that it has.

    Raises:
        LogUnreadable: the streams cannot be listed or read.
    """
    found: dict[str, Missing] = {}
    with log.held():
        streams = log.streams()
        for stream in streams:
            try:
                with log.reading(stream) as reader:
                    one = _missing(reader, stream, has.get(stream, EMPTY))
            except StreamDamaged as damage:
                one = _unreadable(f"stream {stream} is damaged: {damage}")
            if one is not None:
                found[stream] = one
    for stream, head in has.items():
        if head.seq and stream not in streams and stream != CHECKPOINTS:
            found[stream] = _unreadable(f"stream {stream}, which was delivered, is not there any more")
    return found


class Source:
    """Reads a log for one sink.

    Args:
        log: the log.
        keys: returns the audit keys by ``kid``: only checkpoints that verify count, since another would make
            those after it look as if they had been delivered.
    """

    def __init__(self, log: KeptLog, sink: Sink, *, keys: Callable[[], Mapping[str, PublicKey]]) -> None:
        self.log = log
        self._sink = sink
        self._keys = keys

    def batch(self, stream: str, after: Head, *, most: int, upto: int | None = None) -> Batch | None:
        """Return the next delivery of a stream; None when there is nothing more.

        It never spans numbers that are not there: what comes after them is a delivery of its own.

        Args:
            after: the last entry that the sink has.
            most: entries to look at.
            upto: the last entry of the very delivery that is made again; None for as much as is there.

        Raises:
            LogUnreadable: the stream cannot be read.
        """
        with self.log.reading(stream) as reader:
            rows = reader.chunk(after=after.seq, most=most if upto is None else max(1, upto - after.seq))
        documents: list[bytes] = []
        size, last, lost = 0, after, None
        for seq, line in rows:
            if last is after and seq != after.seq + 1:
                lost = (after.seq + 1, seq - 1)
            elif last is not after and (seq != last.seq + 1 or (upto is not None and seq > upto)):
                break
            entry = read_entry(line, stream=stream, seq=seq)
            if matches(self._sink.query, entry.members):
                document = self._sink.format.document(entry, self._sink.origin)
                size += len(document)
                if size > LARGEST and documents and upto is None:
                    break
                documents.append(document)
            last = Head(seq, line_hash(line))
        if last is after:
            return None
        return Batch(stream=stream, after=after, upto=last, documents=documents, lost=lost)

    def sealed(self, after: Head) -> list[Batch]:
        """Return the checkpoints that the sink has not, in order, each a delivery.

        Raises:
            LogUnreadable: they cannot be read.
        """
        found: list[tuple[SignedCheckpoint, bytes]] = []
        keys = self._keys()
        # From the end: what the sink has is passed over without being verified.
        for line in self.log.latest_checkpoints():
            try:
                signed = read(jws_of(line), keys)
            except BadCheckpoint:
                continue
            number = signed.checkpoint.number
            if number <= after.seq:
                break
            if not found or number < found[-1][0].checkpoint.number:
                found.append((signed, line))
        batches: list[Batch] = []
        for signed, line in reversed(found):
            batches.append(self._sealed(after, signed, line))
            after = batches[-1].upto
        return batches

    def _sealed(self, after: Head, signed: SignedCheckpoint, line: bytes) -> Batch:
        sealed = signed.checkpoint
        entry = checkpoint_entry(line, number=sealed.number, at=sealed.at)
        wanted = matches(self._sink.query, {**entry.members, "event": entry.event, "stream": CHECKPOINTS})
        return Batch(
            stream=CHECKPOINTS,
            after=after,
            upto=Head(sealed.number, line_hash(line)),
            documents=[self._sink.format.document(entry, self._sink.origin)] if wanted else [],
        )


def _missing(reader: StreamReader, stream: str, has: Head) -> Missing | None:
    head = reader.head()
    changed = _changed(reader, stream, has)
    if head.seq <= has.seq and changed is None:
        return None
    first = next((line for _, line in reader.chunk(after=has.seq, most=1)), b"")
    entries = max(0, head.seq - has.seq)
    since = millis(made_at(first)) // 1000
    return Missing(entries=entries, upto=head.seq, since=since, size=entries * len(first), changed=changed)


def _unreadable(why: str) -> Missing:
    return Missing(entries=0, upto=0, since=0, size=0, changed=why)


def _changed(reader: StreamReader, stream: str, has: Head) -> str | None:
    """Return why a stream does not go on from what the sink has."""
    line = reader.line(has.seq) if has.seq else None
    if has.seq and line is None:
        return f"entry {has.seq} of {stream}, which was delivered, is not in the log any more"
    if line is not None and line_hash(line) != has.hash:
        return f"entry {has.seq} of {stream} is not the one that was delivered"
    return None
