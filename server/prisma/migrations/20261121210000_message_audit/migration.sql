-- What became of messages: those that were refused, given up or replayed one by one; those that were sent, received or
-- repeated summed up over some seconds, or one by one as well.
CREATE TABLE message_audit (
    audit_id       BIGSERIAL PRIMARY KEY,
    -- Of the message, or the last of several.
    at             TIMESTAMPTZ(3) NOT NULL,
    action         TEXT NOT NULL,
    topic          TEXT NOT NULL,
    group_name     TEXT,
    -- This and all that follows only where it was verified, or is the server's own.
    tenant         TEXT,
    schema_id      TEXT,
    party          TEXT,
    key_id         TEXT,
    signing_key_id TEXT,
    messages       INTEGER NOT NULL,
    -- First and last offset by partition, of messages that were read: {"0": ["17", "90"]}.
    places         JSONB,
    -- Of one message alone.
    event_id       TEXT,
    replay_of      TEXT,
    code           TEXT,
    CONSTRAINT message_audit_action_check
        CHECK (action IN ('sent', 'received', 'refused', 'failed', 'repeated', 'replayed')),
    CONSTRAINT message_audit_messages_check CHECK (messages > 0)
);
CREATE INDEX message_audit_at_idx ON message_audit USING brin (at);
CREATE INDEX message_audit_event_id_idx ON message_audit (event_id) WHERE event_id IS NOT NULL;

-- Rows are never changed, and deleted only when they are past their retention, which is a month at least.
CREATE FUNCTION message_audit_keep() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < clock_timestamp() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'rows of message_audit are kept as they are' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER message_audit_keep_row BEFORE UPDATE OR DELETE ON message_audit
    FOR EACH ROW EXECUTE FUNCTION message_audit_keep();
CREATE TRIGGER message_audit_keep_all BEFORE TRUNCATE ON message_audit
    FOR EACH STATEMENT EXECUTE FUNCTION message_audit_keep();

-- How often the message about a waiting batch was sent again, and when last.
ALTER TABLE processing_batch ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE processing_batch ADD COLUMN resent_at TIMESTAMPTZ(3);
-- The few that wait.
CREATE INDEX processing_batch_waiting_idx ON processing_batch (received_at) WHERE status IN ('RECEIVED', 'PROCESSING');
