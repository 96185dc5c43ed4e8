-- The backup of the bus: where each chain of manifest entries ends, and replays of what was kept. No tenant's data: offsets and digests.
-- The role of the API is granted nothing here.

CREATE TABLE backup_chain (
    -- A directory, or s3://bucket/prefix.
    place       TEXT NOT NULL,
    topic       TEXT NOT NULL,
    partition   INTEGER NOT NULL,
    bus         TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    -- Of the newest entry; from 1, none left out.
    sequence    BIGINT NOT NULL,
    from_offset BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    last_at     TIMESTAMPTZ(3) NOT NULL,
    -- Of the newest entry, over all that it says.
    mac         TEXT NOT NULL,
    updated_at  TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    CONSTRAINT backup_chain_pkey PRIMARY KEY (place, topic, partition),
    CONSTRAINT backup_chain_bus_check CHECK (bus IN ('kafka', 'embedded')),
    CONSTRAINT backup_chain_offsets_check CHECK (from_offset >= 0 AND next_offset > from_offset AND sequence > 0)
);

CREATE TABLE backup_restore (
    restore_id  UUID NOT NULL,
    place       TEXT NOT NULL,
    topic       TEXT NOT NULL,
    into_topic  TEXT NOT NULL,
    from_at     TIMESTAMPTZ(3) NOT NULL,
    to_at       TIMESTAMPTZ(3) NOT NULL,
    -- By partition: sequence of the entry and offset of the last message that was sent.
    positions   JSONB NOT NULL,
    -- Of the topic that it goes into, before the batch that may have been sent since: [partition, offset].
    ends        JSONB NOT NULL,
    sent        BIGINT NOT NULL DEFAULT 0,
    started_at  TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    finished_at TIMESTAMPTZ(3),
    CONSTRAINT backup_restore_pkey PRIMARY KEY (restore_id),
    CONSTRAINT backup_restore_times_check CHECK (from_at < to_at)
);
CREATE INDEX backup_restore_asked_idx ON backup_restore (place, topic, into_topic, started_at DESC);
