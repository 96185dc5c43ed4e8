-- What detectors found, and what became of it.

-- By week of the event that completed the finding (`anomaly_events_<Monday>`), so that a page of the newest reads one or two
-- tables, and what is past its retention goes by dropping one. Events whose clocks are far off stay in the default partition.
CREATE TABLE anomaly_events (
    anomaly_id       UUID NOT NULL,
    client_id        TEXT NOT NULL,
    "timestamp"      TIMESTAMPTZ(3) NOT NULL,
    is_alert         BOOLEAN NOT NULL,
    alert_type       TEXT NOT NULL,
    alert_level      TEXT NOT NULL,
    alert_title      TEXT NOT NULL,
    alert_message    TEXT NOT NULL,
    user_id          TEXT,
    tags             JSONB NOT NULL,
    metrics          JSONB NOT NULL,
    detector         TEXT NOT NULL,
    detector_version TEXT NOT NULL,
    -- The rule and its numbers, or the features or the template that made it.
    explanation      JSONB NOT NULL,
    -- Where the events stand in the log.
    evidence         JSONB NOT NULL,
    dedupe_key       TEXT NOT NULL,
    group_key        TEXT NOT NULL,
    -- Findings of the same condition after the first.
    repeats          INTEGER NOT NULL DEFAULT 0,
    -- The event's time of the latest of them.
    last_at          TIMESTAMPTZ(3) NOT NULL,
    found_at         TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    state            TEXT NOT NULL DEFAULT 'OPEN',
    -- Since when, by whom and with what remark; null while nobody has handled it.
    state_at         TIMESTAMPTZ(3),
    state_by_kind    TEXT,
    state_by_id      TEXT,
    note             TEXT,
    CONSTRAINT anomaly_events_pkey PRIMARY KEY (anomaly_id, "timestamp"),
    CONSTRAINT anomaly_events_level_check CHECK (alert_level IN ('INFO', 'WARNING', 'ERROR', 'CRITICAL')),
    CONSTRAINT anomaly_events_state_check CHECK (state IN ('OPEN', 'ACKNOWLEDGED', 'RESOLVED')),
    CONSTRAINT anomaly_events_repeats_check CHECK (repeats >= 0)
) PARTITION BY RANGE ("timestamp");
-- In the order of the pages, one for each usual filter: a rare type, level or user is found without reading the others.
CREATE INDEX anomaly_events_page_idx ON anomaly_events (client_id, "timestamp" DESC, anomaly_id DESC);
CREATE INDEX anomaly_events_type_idx ON anomaly_events (client_id, alert_type, "timestamp" DESC, anomaly_id DESC);
CREATE INDEX anomaly_events_level_idx ON anomaly_events (client_id, alert_level, "timestamp" DESC, anomaly_id DESC);
CREATE INDEX anomaly_events_state_idx ON anomaly_events (client_id, state, "timestamp" DESC, anomaly_id DESC);
CREATE INDEX anomaly_events_detector_idx ON anomaly_events (client_id, detector, "timestamp" DESC, anomaly_id DESC);
CREATE INDEX anomaly_events_user_idx ON anomaly_events (client_id, user_id, "timestamp" DESC, anomaly_id DESC)
    WHERE user_id IS NOT NULL;
CREATE TABLE anomaly_events_default PARTITION OF anomaly_events DEFAULT;

-- Which anomaly a finding belongs to: the last one of its dedupe key. A unique key of a partitioned table has to contain the
-- time, so uniqueness is kept here.
CREATE TABLE anomaly_key (
    client_id    TEXT NOT NULL,
    dedupe_key   TEXT NOT NULL,
    anomaly_id   UUID NOT NULL,
    -- Of the anomaly, which stands there under its first finding.
    at           TIMESTAMPTZ(3) NOT NULL,
    evidence_key BYTEA NOT NULL,
    -- Anomalies of this key so far: one that comes back after it was resolved is another one.
    recurrence   INTEGER NOT NULL DEFAULT 0,
    found_at     TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT anomaly_key_pkey PRIMARY KEY (client_id, dedupe_key)
) WITH (fillfactor = 80);
CREATE INDEX anomaly_key_found_at_idx ON anomaly_key USING brin (found_at);

-- Every finding that was counted, so that one that comes again when events are handled again changes nothing.
CREATE TABLE anomaly_finding (
    client_id    TEXT NOT NULL,
    dedupe_key   TEXT NOT NULL,
    -- Digest of where the finding's events stand.
    evidence_key BYTEA NOT NULL,
    found_at     TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT anomaly_finding_pkey PRIMARY KEY (client_id, dedupe_key, evidence_key)
);
CREATE INDEX anomaly_finding_found_at_idx ON anomaly_finding USING brin (found_at);

-- History of states; the first row of an anomaly says that it was found.
CREATE TABLE anomaly_state_change (
    change_id  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY NOT NULL,
    client_id  TEXT NOT NULL,
    anomaly_id UUID NOT NULL,
    from_state TEXT,
    to_state   TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    note       TEXT,
    at         TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    -- Given once the row is committed, by one transaction after the other: who has read up to a number has missed none before it.
    seq        BIGINT,
    CONSTRAINT anomaly_state_change_states_check CHECK (
        to_state IN ('OPEN', 'ACKNOWLEDGED', 'RESOLVED') AND from_state IN ('OPEN', 'ACKNOWLEDGED')
        AND (from_state IS NULL) = (to_state = 'OPEN')
    ),
    CONSTRAINT anomaly_state_change_actor_check CHECK (actor_kind IN ('user', 'key', 'operator', 'system'))
);
CREATE SEQUENCE anomaly_change_seq;
CREATE INDEX anomaly_state_change_anomaly_idx ON anomaly_state_change (anomaly_id, change_id);
CREATE UNIQUE INDEX anomaly_state_change_seq_key ON anomaly_state_change (seq) WHERE seq IS NOT NULL;
CREATE INDEX anomaly_state_change_client_idx ON anomaly_state_change (client_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX anomaly_state_change_new_idx ON anomaly_state_change (change_id) WHERE seq IS NULL;

-- What people are to be told of, written with what it is about. System alerts belong to no client.
CREATE TABLE alert_outbox (
    alert_id   UUID PRIMARY KEY NOT NULL DEFAULT gen_random_uuid(),
    client_id  TEXT,
    anomaly_id UUID,
    kind       TEXT NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    level      TEXT NOT NULL,
    -- Title, message, tags and numbers; nothing raw.
    payload    JSONB NOT NULL,
    -- `pending` until it is handed on, and not before this time.
    state      TEXT NOT NULL DEFAULT 'pending',
    due_at     TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT alert_outbox_level_check CHECK (level IN ('INFO', 'WARNING', 'ERROR', 'CRITICAL'))
);
CREATE INDEX alert_outbox_pending_idx ON alert_outbox (due_at, alert_id) WHERE state = 'pending';

DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'anomaly_events', 'anomaly_events_default', 'anomaly_key', 'anomaly_finding', 'anomaly_state_change', 'alert_outbox'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenants ON %I USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id))', name);
    END LOOP;
END $$;

-- Handling an anomaly changes its state and adds to its history, nothing else.
GRANT SELECT ON anomaly_events, anomaly_key, anomaly_state_change TO sdp_api;
GRANT UPDATE (state, state_at, state_by_kind, state_by_id, note) ON anomaly_events TO sdp_api;
GRANT INSERT ON anomaly_state_change TO sdp_api;
