-- Batches whose data is not as expected: stored, and nothing computed on them.
ALTER TABLE processing_batch DROP CONSTRAINT processing_batch_status_check;
ALTER TABLE processing_batch ADD CONSTRAINT processing_batch_status_check
    CHECK (status IN ('RECEIVED', 'PROCESSING', 'PROCESSED', 'FAILED', 'QUARANTINED'));

-- How the expectations of a batch's table fared, one row each. Counts, statistics and record numbers; no values.
CREATE TABLE quality_result (
    batch_id     UUID PRIMARY KEY NOT NULL,
    client_id    TEXT NOT NULL,
    source_table TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    records      INTEGER NOT NULL,
    -- Sealed, and bound to the rest of the row: each expectation, and the records in each bin that distributions are compared by.
    payload      BYTEA NOT NULL,
    evaluated_at TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT quality_result_outcome_check CHECK (outcome IN ('passed', 'warned', 'quarantined'))
);
-- By this the last good batch of a table is found.
CREATE INDEX quality_result_table_idx ON quality_result (client_id, source_table, evaluated_at DESC);

ALTER TABLE quality_result ENABLE ROW LEVEL SECURITY;
ALTER TABLE quality_result FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON quality_result USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id));
GRANT SELECT ON quality_result TO sdp_api;
