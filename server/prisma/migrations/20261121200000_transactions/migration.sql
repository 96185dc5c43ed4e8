-- Transactions to be decided on: which ones came, what was decided, and what it turned out to be. Rows are only inserted, and
-- deleted when they are past their retention, so that nothing has to be rewritten at a thousand a second.

-- A transaction that the API has taken. Its content is in the log alone; here stands what makes it the same one again, and
-- what an outcome needs.
CREATE TABLE transaction_event (
    client_id      TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    -- Keyed digest of the content.
    sha256         BYTEA NOT NULL,
    terminal       TEXT NOT NULL,
    occurred_at    TIMESTAMPTZ(3) NOT NULL,
    received_at    TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT transaction_event_pkey PRIMARY KEY (client_id, transaction_id),
    CONSTRAINT transaction_event_sha256_check CHECK (octet_length(sha256) = 32)
);
-- For forgetting what is past its retention.
CREATE INDEX transaction_event_received_at_idx ON transaction_event USING brin (received_at);

-- Sealed messages of transactions that may not be on the bus yet, where the bus isn't in this database: written with the
-- transaction, deleted once the bus has them.
CREATE TABLE transaction_unpublished (
    client_id      TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    key            TEXT NOT NULL,
    headers        TEXT NOT NULL,
    value          BYTEA NOT NULL,
    created_at     TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT transaction_unpublished_pkey PRIMARY KEY (client_id, transaction_id)
);
ALTER TABLE transaction_unpublished ALTER COLUMN value SET STORAGE EXTERNAL;

-- The decision: the first one in the log. Its place there orders what a client is shown.
CREATE TABLE transaction_decision (
    client_id        TEXT NOT NULL,
    transaction_id   TEXT NOT NULL,
    decision         TEXT NOT NULL,
    score            DOUBLE PRECISION NOT NULL,
    model_version    TEXT NOT NULL,
    reasons          JSONB NOT NULL,
    late             BOOLEAN NOT NULL,
    arm              TEXT NOT NULL,
    shadow           JSONB,
    received_at      TIMESTAMPTZ(3) NOT NULL,
    decided_at       TIMESTAMPTZ(3) NOT NULL,
    source_partition INTEGER NOT NULL,
    source_offset    BIGINT NOT NULL,
    CONSTRAINT transaction_decision_pkey PRIMARY KEY (client_id, transaction_id),
    CONSTRAINT transaction_decision_decision_check CHECK (decision IN ('APPROVE', 'REVIEW', 'DECLINE')),
    CONSTRAINT transaction_decision_score_check CHECK (score BETWEEN 0 AND 1)
);
CREATE INDEX transaction_decision_source_idx ON transaction_decision (client_id, source_partition, source_offset);
CREATE INDEX transaction_decision_decided_at_idx ON transaction_decision USING brin (decided_at);

CREATE TABLE fraud_alert (
    alert_id       BIGSERIAL PRIMARY KEY,
    client_id      TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    level          TEXT NOT NULL,
    score          DOUBLE PRECISION NOT NULL,
    model_version  TEXT NOT NULL,
    reasons        JSONB NOT NULL,
    raised_at      TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT fraud_alert_level_check CHECK (level IN ('REVIEW', 'DECLINE'))
);
CREATE UNIQUE INDEX fraud_alert_transaction_key ON fraud_alert (client_id, transaction_id);
CREATE INDEX fraud_alert_client_idx ON fraud_alert (client_id, alert_id);

CREATE TABLE transaction_outcome (
    client_id      TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    fraud          BOOLEAN NOT NULL,
    known_at       TIMESTAMPTZ(3) NOT NULL,
    reported_at    TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT transaction_outcome_pkey PRIMARY KEY (client_id, transaction_id)
);

-- What was done and decided, in order. Rows are never changed or deleted.
CREATE TABLE audit_event (
    audit_id  BIGSERIAL PRIMARY KEY,
    at        TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    client_id TEXT NOT NULL,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    detail    JSONB NOT NULL,
    CONSTRAINT audit_event_action_check CHECK (action IN ('transaction.decided', 'alert.raised', 'outcome.reported'))
);
CREATE FUNCTION audit_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_event is append-only';
END $$;
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_append_only();

-- State of a stage's partition, so that a worker need not read the whole log again. Sealed, in shards that are taken one by one.
CREATE TABLE window_snapshot (
    snapshot_id  BIGSERIAL PRIMARY KEY,
    stage        TEXT NOT NULL,
    partition    INTEGER NOT NULL,
    -- What wrote it; another program's is not read.
    format       TEXT NOT NULL,
    shards       INTEGER NOT NULL,
    -- Every message before this one is in it,
    first_offset BIGINT NOT NULL,
    -- none at or after this one, and some between.
    end_offset   BIGINT,
    taken_at     TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX window_snapshot_place_idx ON window_snapshot (stage, partition, snapshot_id);

CREATE TABLE window_snapshot_shard (
    snapshot_id BIGINT NOT NULL REFERENCES window_snapshot (snapshot_id) ON DELETE CASCADE,
    shard       INTEGER NOT NULL,
    key_id      INTEGER NOT NULL,
    payload     BYTEA NOT NULL,
    CONSTRAINT window_snapshot_shard_pkey PRIMARY KEY (snapshot_id, shard)
);
ALTER TABLE window_snapshot_shard ALTER COLUMN payload SET STORAGE EXTERNAL;
