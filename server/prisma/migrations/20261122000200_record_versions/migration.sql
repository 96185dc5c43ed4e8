-- Which columns can be searched, and who sent the batch. Null where it is from before either was kept.
ALTER TABLE processing_batch ADD COLUMN index_columns JSONB;
ALTER TABLE processing_batch ADD COLUMN author_kind TEXT;
ALTER TABLE processing_batch ADD COLUMN author_id TEXT;

-- Corrections of records, one row each; version 1 is the row of tokenized_record.
CREATE TABLE record_versions (
    batch_id    UUID NOT NULL,
    seq         INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    client_id   TEXT NOT NULL,
    payload     BYTEA NOT NULL,
    -- Keyed digest of the record and of all that this row says.
    sha256      BYTEA NOT NULL,
    key_id      INTEGER NOT NULL,
    author_kind TEXT NOT NULL,
    author_id   TEXT NOT NULL,
    at          TIMESTAMPTZ(3) NOT NULL,
    reason      TEXT NOT NULL,
    -- The proposal that was approved, where there was one.
    proposal_id UUID,
    CONSTRAINT record_versions_pkey PRIMARY KEY (batch_id, seq, version),
    CONSTRAINT record_versions_version_check CHECK (version >= 2)
);

-- What somebody proposed and somebody else decides on.
CREATE TABLE record_proposal (
    proposal_id     UUID PRIMARY KEY NOT NULL,
    batch_id        UUID NOT NULL,
    seq             INTEGER NOT NULL,
    client_id       TEXT NOT NULL,
    -- The version that the proposer saw.
    base_version    INTEGER NOT NULL,
    payload         BYTEA NOT NULL,
    -- Keyed digest of what was proposed, by whom, when and why.
    sha256          BYTEA NOT NULL,
    key_id          INTEGER NOT NULL,
    author_kind     TEXT NOT NULL,
    author_id       TEXT NOT NULL,
    at              TIMESTAMPTZ(3) NOT NULL,
    reason          TEXT NOT NULL,
    status          TEXT NOT NULL DEFAULT 'open',
    decider_kind    TEXT,
    decider_id      TEXT,
    decided_at      TIMESTAMPTZ(3),
    decision_reason TEXT,
    -- The version that approval made.
    version         INTEGER,
    -- Keyed digest of the decision.
    outcome_sha256  BYTEA,
    CONSTRAINT record_proposal_status_check CHECK (status IN ('open', 'approved', 'rejected'))
);
CREATE INDEX record_proposal_at_idx ON record_proposal (at DESC, proposal_id DESC);
CREATE INDEX record_proposal_record_idx ON record_proposal (batch_id, seq);

-- By what records are found: one row for each record and each column declared for it. `key` is a keyed digest of the value
-- (equal), or bytes that sort as the values do (range).
CREATE TABLE record_index (
    batch_id  UUID NOT NULL,
    -- Number of the column among those declared, in order of their names.
    column_no SMALLINT NOT NULL,
    seq       INTEGER NOT NULL,
    key       BYTEA NOT NULL,
    CONSTRAINT record_index_pkey PRIMARY KEY (batch_id, column_no, seq)
);
CREATE INDEX record_index_key_idx ON record_index (batch_id, column_no, key, seq);

ALTER TABLE record_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON record_versions USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id));
ALTER TABLE record_proposal ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_proposal FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON record_proposal USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id));

-- A search looks at thousands of these rows. So that it need not ask for each of them whose batch it belongs to, the
-- transaction names the one batch it searches (sdp.batch), and whether that may be seen is asked once.
ALTER TABLE record_index ENABLE ROW LEVEL SECURITY;
ALTER TABLE record_index FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON record_index USING (
    (SELECT current_setting('sdp.tenants', true) = '*')
    OR batch_id = (SELECT b.batch_id FROM processing_batch b
                    WHERE b.batch_id = nullif(current_setting('sdp.batch', true), '')::uuid AND sdp_sees(b.client_id))
);

-- A correction never erases, so nothing of a version can be changed or removed.
GRANT SELECT, INSERT ON record_versions TO sdp_api;
GRANT SELECT, INSERT ON record_proposal TO sdp_api;
GRANT UPDATE (status, decider_kind, decider_id, decided_at, decision_reason, version, outcome_sha256)
    ON record_proposal TO sdp_api;
GRANT SELECT, INSERT, UPDATE (key) ON record_index TO sdp_api;
