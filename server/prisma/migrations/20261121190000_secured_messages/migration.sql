-- Events whose effect a consumer group has, so that a copy of one has none. Written in the transaction of the effect.
CREATE TABLE applied_event (
    group_name TEXT NOT NULL,
    topic      TEXT NOT NULL,
    event_id   TEXT NOT NULL,
    -- Keyed digest of the content: tells a copy from a reused id.
    sha256     BYTEA NOT NULL,
    applied_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    CONSTRAINT applied_event_pkey PRIMARY KEY (group_name, topic, event_id),
    CONSTRAINT applied_event_sha256_check CHECK (octet_length(sha256) = 32)
);
-- For forgetting what is past every copy's time.
CREATE INDEX applied_event_applied_at_idx ON applied_event USING brin (applied_at);

-- Messages that may have been sealed under a key, over all processes; reserved in blocks beforehand.
CREATE TABLE message_key_usage (
    key_id   TEXT NOT NULL,
    reserved BIGINT NOT NULL,
    CONSTRAINT message_key_usage_pkey PRIMARY KEY (key_id)
);
