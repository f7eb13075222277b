-- usable-from: 5
-- Who delivers the audit log to which sink, and how far each sink has it (audit/sinks.py).

CREATE TABLE audit_sinks (
    sink TEXT NOT NULL,
    log TEXT NOT NULL,
    -- The lease: nobody holds it when holder is empty. Every holder gets a higher fence, every sign of life a
    -- higher beat.
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    beat BIGINT NOT NULL,
    -- Who paused it; empty when nobody did.
    paused_by TEXT NOT NULL,
    -- What is being delivered: a delivery that is tried again after a crash is the same one.
    due_stream TEXT NOT NULL,
    due_after BIGINT NOT NULL,
    due_upto BIGINT NOT NULL,
    -- Why the receiver will not have that; empty when it did not say so.
    refused TEXT NOT NULL,
    trouble TEXT NOT NULL,
    trouble_since BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL,
    behind_since BIGINT NOT NULL,
    behind_bytes BIGINT NOT NULL,
    PRIMARY KEY (sink, log)
);

-- The last entry of each stream that a sink has, with its hash: a log that was changed since is noticed.
CREATE TABLE audit_sink_cursors (
    sink TEXT NOT NULL,
    log TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (sink, log, stream)
);
