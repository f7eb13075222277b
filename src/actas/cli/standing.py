"""Where an entry stands, and how that is proven: its link, and the first checkpoint that seals it (SEC-88).

The whole log is for ``audit verify``. This follows the chain from one entry to the seal and no further, which
is all that is needed to trust that entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path

from actas.audit.chain import GENESIS, BrokenChain, Head, NotAnEntry, follow, line_hash, read_link
from actas.audit.checkpoint import BadCheckpoint, SignedCheckpoint, jws_of, read
from actas.audit.kept import KeptLog
from actas.core.errors import BadToken
from actas.crypto.jose import PublicKey, parse
from actas.store.audit_reader import line_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known about the place of one entry.

    Attributes:
        hash: SHA-256 of its line, by which the next entry and checkpoints name it; ``prev`` that of the one
            before, as the entry names it.
        last: whether no entry follows it.
        seal: the first checkpoint that reaches it, or None when none does yet.
        broken: what is wrong, or None.
    """

    stream: str
    seq: int
    hash: str
    prev: str
    last: bool
    seal: SignedCheckpoint | None
    broken: str | None

    @property
    def proven(self) -> bool:
        """Whether a signed checkpoint attests it."""
        return self.seal is not None and self.broken is None


def standing(
    log: KeptLog, *, stream: str, seq: int, copies: Sequence[Path], keys: Mapping[str, PublicKey]
) -> Standing:
    """Prove one entry.

    Args:
        copies: files of checkpoints, besides those with the log; those that are not there are passed over.
        keys: the audit keys by ``kid``.

    Raises:
        LogUnreadable: the log cannot be read.
        OSError: a copy is there and cannot be read.
    """
    with log.held():
        return _standing(log, stream, seq, copies, keys)


def _standing(
    log: KeptLog, stream: str, seq: int, copies: Sequence[Path], keys: Mapping[str, PublicKey]
) -> Standing:
    line = line_at(log, stream, seq)
    own = (data for _, data in log.checkpoint_lines())
    seal = _seal(chain(own, *map(_lines, copies)), keys, stream=stream, seq=seq)
    if line is None:
        gone = f"entry {seq} is not in {stream} any more"
        return Standing(stream=stream, seq=seq, hash="", prev="", last=False, seal=seal, broken=gone)
    after = line_at(log, stream, seq + 1)
    broken = _link_trouble(log, stream, seq, line) or _seal_trouble(log, stream, seq, line, seal)
    if broken is None and seal is None and after is not None:
        broken = _named_wrongly(after, line_hash(line), seq=seq)
    return Standing(
        stream=stream,
        seq=seq,
        hash=line_hash(line),
        prev=_prev(line),
        last=after is None,
        seal=seal,
        broken=broken,
    )


def _prev(line: bytes) -> str:
    try:
        return read_link(line).prev
    except NotAnEntry:
        return ""


def _link_trouble(log: KeptLog, stream: str, seq: int, line: bytes) -> str | None:
    """Return why the entry does not follow the one before it, or None."""
    try:
        link = read_link(line)
    except NotAnEntry as damage:
        return f"entry {seq} of {stream} is damaged: {damage}"
    if (link.stream, link.seq) != (stream, seq):
        return f"row {seq} of {stream} holds entry {link.seq} of {link.stream}"
    before = line_at(log, stream, seq - 1) if seq > 1 else None
    if seq > 1 and before is None:
        return f"entry {seq - 1} of {stream}, which comes before it, is missing"
    if link.prev != (GENESIS if before is None else line_hash(before)):
        return f"entry {seq} of {stream} was not written after the entry {seq - 1} that is there"
    return None


def _named_wrongly(after: bytes, hash: str, *, seq: int) -> str | None:  # noqa: A002 - the word of the chain
    return None if _prev(after) == hash else f"it is not the entry that entry {seq + 1} was written after"


def _seal_trouble(
    log: KeptLog, stream: str, seq: int, line: bytes, seal: SignedCheckpoint | None
) -> str | None:
    """Return why the chain does not lead from the entry to its seal, or None."""
    if seal is None:
        return None
    sealed = seal.checkpoint.heads[stream]
    by = f"checkpoint {seal.checkpoint.number}"
    try:
        with log.reading(stream) as reader:
            rows = takewhile(lambda row: row[0] <= sealed.seq, reader.rows(after=seq))
            end = follow(rows, stream=stream, head=Head(seq, line_hash(line)))
    except BrokenChain as broken:
        return f"the chain from it to {by} is broken: {broken.sentence}"
    if end.seq != sealed.seq:
        return (
            f"{by} sealed entry {sealed.seq} of {stream}, which ends at entry {end.seq}: its end was cut off"
        )
    if end.hash != sealed.hash:
        return f"what is in {stream} is not what {by} sealed: it was written anew"
    return None


def _seal(
    lines: Iterable[bytes], keys: Mapping[str, PublicKey], *, stream: str, seq: int
) -> SignedCheckpoint | None:
    """Return the first checkpoint that reaches the entry and verifies."""
    for line in lines:
        try:
            jws = jws_of(line)
            # A look costs nothing, a signature does; what it says is believed only with the latter.
            if _unverified_seq(jws, stream) < seq:
                continue
            signed = read(jws, keys)
        except BadCheckpoint:
            continue
        head = signed.checkpoint.heads.get(stream)
        if head is not None and head.seq >= seq:
            return signed
    return None


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from (line.rstrip(b"\r\n") for line in file)
    except FileNotFoundError:
        return


def _unverified_seq(jws: str, stream: str) -> int:
    try:
        heads = parse(jws).unverified_claims.get("heads")
    except BadToken:
        return 0
    head = heads.get(stream) if isinstance(heads, dict) else None
    seq = head.get("seq") if isinstance(head, dict) else None
    return seq if isinstance(seq, int) else 0
