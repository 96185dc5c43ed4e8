-- A batch: what was sent, by whom, and how far it has come.
CREATE TABLE processing_batch (
    batch_id          UUID PRIMARY KEY NOT NULL,
    client_id         TEXT NOT NULL,
    processing_type   TEXT NOT NULL,
    status            TEXT NOT NULL DEFAULT 'RECEIVED',
    record_count      INTEGER NOT NULL,
    processed_records INTEGER NOT NULL DEFAULT 0,
    -- Records by result status.
    counts            JSONB NOT NULL DEFAULT '{}',
    reason_code       TEXT,
    reason_message    TEXT,
    model_version     TEXT,
    -- Column names, in the order of every record's cells.
    columns           TEXT[] NOT NULL,
    key_index         INTEGER NOT NULL,
    params            JSONB NOT NULL DEFAULT '{}',
    declaration       JSONB,
    -- Columns whose declaration as safe was honoured.
    declared_safe     TEXT[] NOT NULL DEFAULT '{}',
    -- Data key from which the keys of this batch derive.
    key_id            INTEGER NOT NULL,
    -- Keyed digest of what this row says was received.
    sha256            BYTEA NOT NULL,
    -- Keyed digest of what this row says was the outcome.
    outcome_sha256    BYTEA,
    received_at       TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    started_at        TIMESTAMPTZ(3),
    finished_at       TIMESTAMPTZ(3),
    CONSTRAINT processing_batch_status_check CHECK (status IN ('RECEIVED', 'PROCESSING', 'PROCESSED', 'FAILED'))
);
-- A client's batches, newest first.
CREATE INDEX processing_batch_client_idx ON processing_batch (client_id, received_at DESC, batch_id DESC);

-- One row a record; the sealed block of up to 64 records stands on the row of its last one. No foreign key: its check per
-- row would cost more than the row itself, and records and batch are only ever written and removed in one transaction.
CREATE TABLE tokenized_record (
    batch_id  UUID NOT NULL,
    seq       INTEGER NOT NULL,
    -- `seq` of the row that holds the block.
    block_seq INTEGER NOT NULL,
    -- Keyed digest (HMAC-SHA-256) of the record.
    sha256    BYTEA NOT NULL,
    payload   BYTEA,
    CONSTRAINT tokenized_record_pkey PRIMARY KEY (batch_id, seq)
);
ALTER TABLE tokenized_record ALTER COLUMN payload SET STORAGE EXTERNAL;

-- Results, laid out like records.
CREATE TABLE processed_result (
    batch_id  UUID NOT NULL,
    seq       INTEGER NOT NULL,
    block_seq INTEGER NOT NULL,
    sha256    BYTEA NOT NULL,
    payload   BYTEA,
    CONSTRAINT processed_result_pkey PRIMARY KEY (batch_id, seq)
);
ALTER TABLE processed_result ALTER COLUMN payload SET STORAGE EXTERNAL;

-- An upload's idempotency key, claimed before its body is read.
CREATE TABLE upload_key (
    client_id       TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    batch_id        UUID NOT NULL,
    -- Keyed digest of the request: metadata and uncompressed body.
    sha256          BYTEA,
    created_at      TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    CONSTRAINT upload_key_pkey PRIMARY KEY (client_id, idempotency_key)
);

-- Random keys, wrapped by the server's master key.
CREATE TABLE data_key (
    key_id             INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state              TEXT NOT NULL DEFAULT 'active',
    wrapped_key        BYTEA NOT NULL,
    -- Fingerprint of the master key that wraps it.
    master_fingerprint TEXT NOT NULL,
    created_at         TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    CONSTRAINT data_key_state_check CHECK (state IN ('active', 'retired'))
);
-- At most one is used for new data.
CREATE UNIQUE INDEX data_key_active_idx ON data_key (state) WHERE state = 'active';

CREATE TABLE api_key (
    key_id              TEXT PRIMARY KEY NOT NULL,
    client_id           TEXT NOT NULL,
    label               TEXT NOT NULL DEFAULT '',
    -- HMAC-SHA-256 of the key under a pepper that the database doesn't hold.
    secret_hmac         BYTEA NOT NULL,
    scopes              TEXT[] NOT NULL,
    allow_declared_safe BOOLEAN NOT NULL DEFAULT false,
    -- Made from SDP_API_KEY at start.
    bootstrap           BOOLEAN NOT NULL DEFAULT false,
    created_at          TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    expires_at          TIMESTAMPTZ(3),
    last_used_at        TIMESTAMPTZ(3),
    revoked_at          TIMESTAMPTZ(3)
);
