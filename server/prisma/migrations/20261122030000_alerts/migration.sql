-- What people were told of, and how. A client_id of '*' stands for the server itself: only who sees all clients sees it.
CREATE TABLE alert (
    alert_id        UUID PRIMARY KEY NOT NULL,
    client_id       TEXT NOT NULL,
    anomaly_id      UUID,
    kind            TEXT NOT NULL,
    type            TEXT NOT NULL,
    level           TEXT NOT NULL,
    title           TEXT NOT NULL,
    message         TEXT NOT NULL,
    -- By these routes and silences go; messages show those that are declared safe.
    tags            JSONB NOT NULL,
    numbers         JSONB NOT NULL,
    created_at      TIMESTAMPTZ(3) NOT NULL,
    taken_at        TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    acknowledged_at TIMESTAMPTZ(3),
    resolved_at     TIMESTAMPTZ(3),
    CONSTRAINT alert_level_check CHECK (level IN ('INFO', 'WARNING', 'ERROR', 'CRITICAL'))
);
CREATE INDEX alert_page_idx ON alert (client_id, created_at DESC, alert_id DESC);
CREATE INDEX alert_created_at_idx ON alert (created_at DESC, alert_id DESC);

-- Alerts of one client on one channel that a route tells of together.
CREATE TABLE alert_group (
    group_id   UUID PRIMARY KEY NOT NULL DEFAULT gen_random_uuid(),
    client_id  TEXT NOT NULL,
    channel    TEXT NOT NULL,
    route      TEXT NOT NULL,
    labels     TEXT NOT NULL,
    -- When what waits is to be told of; null where nothing waits.
    due_at     TIMESTAMPTZ(3),
    told_at    TIMESTAMPTZ(3),
    remind_at  TIMESTAMPTZ(3),
    -- Under way: what comes later waits for it.
    message_id UUID
);
CREATE UNIQUE INDEX alert_group_key ON alert_group (client_id, channel, route, md5(labels));
CREATE INDEX alert_group_due_idx ON alert_group (channel, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_group_remind_idx ON alert_group (channel, remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX alert_group_message_idx ON alert_group (message_id) WHERE message_id IS NOT NULL;

-- A message as it is sent, at every attempt the same.
CREATE TABLE alert_message (
    message_id UUID PRIMARY KEY NOT NULL,
    client_id  TEXT NOT NULL,
    channel    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    -- The message that told of it first; its own id where it is that one.
    incident   UUID NOT NULL,
    notice     JSONB NOT NULL,
    state      TEXT NOT NULL DEFAULT 'PENDING',
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    -- Why the last attempt failed; a word of a closed list.
    reason     TEXT,
    created_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    settled_at TIMESTAMPTZ(3),
    CONSTRAINT alert_message_state_check CHECK (state IN ('PENDING', 'SENT', 'FAILED'))
);
CREATE INDEX alert_message_pending_idx ON alert_message (channel, created_at) WHERE state = 'PENDING';
CREATE INDEX alert_message_channel_idx ON alert_message (channel, created_at);
-- Something is acknowledged and resolved once.
CREATE UNIQUE INDEX alert_message_update_key ON alert_message (incident, kind) WHERE kind IN ('acknowledged', 'resolved');
CREATE INDEX alert_message_incident_idx ON alert_message (incident) WHERE state = 'PENDING';

-- What became of an alert on a channel.
CREATE TABLE alert_delivery (
    alert_id   UUID NOT NULL,
    channel    TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    group_id   UUID NOT NULL,
    state      TEXT NOT NULL DEFAULT 'WAITING',
    message_id UUID,
    silence_id UUID,
    reason     TEXT,
    settled_at TIMESTAMPTZ(3),
    PRIMARY KEY (alert_id, channel),
    CONSTRAINT alert_delivery_state_check CHECK (state IN ('WAITING', 'SENDING', 'DELIVERED', 'SILENCED', 'FAILED'))
);
CREATE INDEX alert_delivery_waiting_idx ON alert_delivery (group_id) WHERE state = 'WAITING';
CREATE INDEX alert_delivery_group_idx ON alert_delivery (group_id) WHERE state = 'DELIVERED';
CREATE INDEX alert_delivery_message_idx ON alert_delivery (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX alert_delivery_failed_idx ON alert_delivery (client_id) WHERE state = 'FAILED';

-- Which process serves a channel, and how the channel is.
CREATE TABLE alert_channel (
    channel       TEXT PRIMARY KEY NOT NULL,
    owner         UUID,
    leased_until  TIMESTAMPTZ(3),
    -- One after the other, up to now.
    failures      INTEGER NOT NULL DEFAULT 0,
    blocked_until TIMESTAMPTZ(3)
);

CREATE TABLE alert_silence (
    silence_id    UUID PRIMARY KEY NOT NULL DEFAULT gen_random_uuid(),
    client_id     TEXT NOT NULL,
    matcher       JSONB NOT NULL,
    reason        TEXT NOT NULL,
    created_by_kind TEXT NOT NULL,
    created_by_id TEXT NOT NULL,
    created_at    TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    ends_at       TIMESTAMPTZ(3) NOT NULL,
    -- Taken back before its time.
    ended_at      TIMESTAMPTZ(3),
    ended_by_kind TEXT,
    ended_by_id   TEXT,
    CONSTRAINT alert_silence_time_check CHECK (ends_at > created_at)
);
CREATE INDEX alert_silence_ends_at_idx ON alert_silence (ends_at);

DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['alert', 'alert_group', 'alert_message', 'alert_delivery', 'alert_silence'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenants ON %I USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id))', name);
    END LOOP;
END $$;
GRANT SELECT ON alert, alert_delivery, alert_message TO sdp_api;
GRANT SELECT, INSERT ON alert_silence TO sdp_api;
GRANT UPDATE (ended_at, ended_by_kind, ended_by_id) ON alert_silence TO sdp_api;

-- Wakes whoever delivers. A statement that adds nothing wakes nobody: transactions that notify commit one after the other.
CREATE FUNCTION sdp_wake_alerts() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added) THEN
        PERFORM pg_notify('sdp_alerts', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER alert_outbox_wake AFTER INSERT ON alert_outbox
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sdp_wake_alerts();

-- Whoever was told of an anomaly is told what became of it. The role of the API may not write to the outbox; the function may.
DO $$
BEGIN
    EXECUTE format($create$
        CREATE FUNCTION sdp_tell_state() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp AS $body$
        BEGIN
            INSERT INTO alert_outbox (client_id, anomaly_id, kind, level, payload)
            VALUES (NEW.client_id, NEW.anomaly_id, 'anomaly.' || lower(NEW.to_state), 'INFO', jsonb_build_object('at', NEW.at));
            RETURN NULL;
        END $body$
    $create$, current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION sdp_tell_state() FROM PUBLIC;
CREATE TRIGGER anomaly_state_change_told AFTER INSERT ON anomaly_state_change
    FOR EACH ROW WHEN (NEW.to_state IN ('ACKNOWLEDGED', 'RESOLVED')) EXECUTE FUNCTION sdp_tell_state();
