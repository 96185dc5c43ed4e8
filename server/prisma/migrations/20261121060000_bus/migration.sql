-- The embedded bus: a partitioned log with consumer groups, in PostgreSQL.

CREATE TABLE bus_topic (
    topic      TEXT PRIMARY KEY NOT NULL,
    partitions INTEGER NOT NULL CHECK (partitions BETWEEN 1 AND 1000),
    created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

-- Head of each partition. A publisher updates this row in its transaction and holds its lock until it commits, so that
-- offsets are given in the order of commits and a rolled-back transaction leaves no gap.
CREATE TABLE bus_partition (
    topic       TEXT NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset BIGINT NOT NULL DEFAULT 0,
    -- Segment of the last message: never goes back, even if the clock does.
    segment     INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT bus_partition_pkey PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- Days since 1970 (UTC): the unit in which old messages are dropped.
CREATE FUNCTION bus_segment(at TIMESTAMPTZ) RETURNS INTEGER LANGUAGE sql IMMUTABLE
    RETURN floor(extract(epoch FROM at) / 86400)::INTEGER;

CREATE TABLE bus_log (
    topic      TEXT NOT NULL,
    partition  INTEGER NOT NULL,
    "offset"   BIGINT NOT NULL,
    segment    INTEGER NOT NULL,
    key        TEXT NOT NULL,
    -- JSON object of strings, or null for none. TEXT: it is never searched, and JSONB would be parsed at each write.
    headers    TEXT,
    value      BYTEA NOT NULL,
    written_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT bus_log_pkey PRIMARY KEY (topic, partition, "offset", segment)
) PARTITION BY LIST (segment);
-- Values are sealed: compressing them is in vain.
ALTER TABLE bus_log ALTER COLUMN value SET STORAGE EXTERNAL;

-- Where a group stands, and the fencing number of the partition's present owner. Apart from the lease, because a handler's
-- transaction may hold this row for as long as it likes while the lease is being renewed.
CREATE TABLE bus_offset (
    group_name  TEXT NOT NULL,
    topic       TEXT NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset BIGINT NOT NULL,
    fence       BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT bus_offset_pkey PRIMARY KEY (group_name, topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE bus_lease (
    group_name   TEXT NOT NULL,
    topic        TEXT NOT NULL,
    partition    INTEGER NOT NULL,
    member_id    UUID,
    leased_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity',
    CONSTRAINT bus_lease_pkey PRIMARY KEY (group_name, topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE bus_member (
    group_name  TEXT NOT NULL,
    topic       TEXT NOT NULL,
    member_id   UUID NOT NULL,
    alive_until TIMESTAMPTZ NOT NULL,
    CONSTRAINT bus_member_pkey PRIMARY KEY (group_name, topic, member_id)
) WITH (fillfactor = 50);

-- Messages that wait in the database for the bus: written in the transaction of what they tell of.
CREATE TABLE outbox (
    id         BIGSERIAL PRIMARY KEY,
    topic      TEXT NOT NULL,
    key        TEXT NOT NULL,
    headers    TEXT,
    value      BYTEA NOT NULL,
    created_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp()
);
