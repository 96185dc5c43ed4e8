-- What a batch's records and results are, signed: the root of a Merkle tree (RFC 9162) whose leaves are the keyed digests of 64
-- rows each, in order. The role of the API is granted nothing here.
CREATE TABLE batch_root (
    batch_id       UUID NOT NULL,
    kind           TEXT NOT NULL,
    -- Under which the digests were made.
    key_id         INTEGER NOT NULL,
    entries        INTEGER NOT NULL,
    root           BYTEA NOT NULL,
    signed_at      TIMESTAMPTZ(3) NOT NULL,
    signing_key_id TEXT NOT NULL,
    signature      BYTEA NOT NULL,
    CONSTRAINT batch_root_pkey PRIMARY KEY (batch_id, kind),
    CONSTRAINT batch_root_kind_check CHECK (kind IN ('record', 'result')),
    CONSTRAINT batch_root_lengths_check CHECK (octet_length(root) = 32 AND octet_length(signature) = 64)
);

-- Whole checks of what is stored, and what came of them.
CREATE TABLE integrity_sweep (
    sweep_id    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at  TIMESTAMPTZ(3) NOT NULL,
    finished_at TIMESTAMPTZ(3) NOT NULL,
    batches     INTEGER NOT NULL,
    rows        BIGINT NOT NULL,
    failures    INTEGER NOT NULL
);

-- A key goes only when nothing refers to it: whoever has stored something under it holds it, committed or not. What has the
-- key of a batch itself, and is written with it in one transaction, needs no reference of its own.
ALTER TABLE processing_batch ADD CONSTRAINT processing_batch_key_id_fkey FOREIGN KEY (key_id) REFERENCES data_key (key_id);
ALTER TABLE record_versions ADD CONSTRAINT record_versions_key_id_fkey FOREIGN KEY (key_id) REFERENCES data_key (key_id);
ALTER TABLE record_proposal ADD CONSTRAINT record_proposal_key_id_fkey FOREIGN KEY (key_id) REFERENCES data_key (key_id);
ALTER TABLE window_snapshot_shard ADD CONSTRAINT window_snapshot_shard_key_id_fkey
    FOREIGN KEY (key_id) REFERENCES data_key (key_id);
ALTER TABLE data_key ADD COLUMN retired_at TIMESTAMPTZ(3);
-- Since when nothing was found under it: readers may still have hold of a row that was.
ALTER TABLE data_key ADD COLUMN unused_since TIMESTAMPTZ(3);
CREATE INDEX processing_batch_key_idx ON processing_batch (key_id);
CREATE INDEX record_versions_key_idx ON record_versions (key_id);
CREATE INDEX record_proposal_key_idx ON record_proposal (key_id);

-- As with all that belongs to a batch; the role of the API is granted nothing here.
ALTER TABLE batch_root ENABLE ROW LEVEL SECURITY;
ALTER TABLE batch_root FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON batch_root USING (current_setting('sdp.tenants', true) = '*'
    OR EXISTS (SELECT FROM processing_batch b WHERE b.batch_id = batch_root.batch_id));

-- What the trail says is stored, so that what was taken away with all that belongs to it is missed.
CREATE INDEX audit_event_stored_idx ON audit_event (action, subject)
    WHERE action IN ('job.uploaded', 'record.edited', 'proposal.made');
