-- Who did it, and what the ledger needs of a row: the transaction that wrote it, and a code under a key that the database
-- doesn't hold, so that a row put in with SQL is not taken for the server's.
ALTER TABLE audit_event ALTER COLUMN client_id DROP NOT NULL;
ALTER TABLE audit_event ADD COLUMN actor_kind TEXT;
ALTER TABLE audit_event ADD COLUMN actor_id TEXT;
-- Random, under the code: a row that is there twice was copied.
ALTER TABLE audit_event ADD COLUMN event_id UUID;
ALTER TABLE audit_event ADD COLUMN mac BYTEA;
-- Without a default for rows that are there already: they would all be written again.
ALTER TABLE audit_event ADD COLUMN xact XID8;
ALTER TABLE audit_event ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
CREATE INDEX audit_event_xact_idx ON audit_event (xact, audit_id);
ALTER TABLE audit_event DROP CONSTRAINT audit_event_action_check;
ALTER TABLE audit_event ADD CONSTRAINT audit_event_action_check CHECK (action ~ '^[a-z][a-z-]*(\.[a-z][a-z-]*)+$');
ALTER TABLE audit_event ADD CONSTRAINT audit_event_actor_check CHECK (
    (actor_kind IS NULL) = (actor_id IS NULL) AND (actor_kind IS NULL) = (mac IS NULL) AND (mac IS NULL) = (event_id IS NULL)
    AND octet_length(mac) = 32 AND actor_kind IN ('user', 'key', 'operator', 'system')
);
