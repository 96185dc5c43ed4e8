-- Recent events, to be read again, and how many there were.

-- Events of one client and type that came together, sealed. By day of their arrival (`event_block_<YYYYMMDD>`), so that what is
-- past its retention goes by dropping a table; what is stored before its day's table is made stands in the default partition.
CREATE TABLE event_block (
    block_id    BIGSERIAL NOT NULL,
    received_at TIMESTAMPTZ(3) NOT NULL,
    client_id   TEXT NOT NULL,
    type        TEXT NOT NULL,
    -- Of the topic that they came by.
    partition   INTEGER NOT NULL,
    -- Of the events' own times.
    first_at    TIMESTAMPTZ(3) NOT NULL,
    last_at     TIMESTAMPTZ(3) NOT NULL,
    rows        INTEGER NOT NULL,
    -- One bit for each level of logs that is among them, the mildest first.
    levels      SMALLINT NOT NULL,
    -- 16 bytes of each event's identity, in their order: by these a repeat is known.
    identities  BYTEA NOT NULL,
    key_id      INTEGER NOT NULL,
    payload     BYTEA NOT NULL,
    CONSTRAINT event_block_pkey PRIMARY KEY (block_id, received_at),
    CONSTRAINT event_block_type_check CHECK (type IN ('log', 'metric', 'transaction')),
    CONSTRAINT event_block_identities_check CHECK (rows > 0 AND octet_length(identities) = 16 * rows),
    CONSTRAINT event_block_key_id_fkey FOREIGN KEY (key_id) REFERENCES data_key (key_id)
) PARTITION BY RANGE (received_at);
ALTER TABLE event_block ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE event_block ALTER COLUMN identities SET STORAGE EXTERNAL;
CREATE INDEX event_block_page_idx ON event_block (client_id, type, block_id DESC);
CREATE INDEX event_block_partition_idx ON event_block (type, partition, received_at);
CREATE TABLE event_block_default PARTITION OF event_block DEFAULT;

-- How many events there were, by the minute of their own time. Each partition of a topic counts by itself, so that workers don't
-- wait for one another.
CREATE TABLE event_count (
    client_id TEXT NOT NULL,
    type      TEXT NOT NULL,
    -- Of logs; empty for others.
    level     TEXT NOT NULL,
    minute    TIMESTAMPTZ(3) NOT NULL,
    partition INTEGER NOT NULL,
    n         BIGINT NOT NULL,
    CONSTRAINT event_count_pkey PRIMARY KEY (client_id, type, minute, level, partition),
    CONSTRAINT event_count_n_check CHECK (n > 0)
) WITH (fillfactor = 70);
CREATE INDEX event_count_minute_idx ON event_count USING brin (minute);

-- Who stores a topic's partition: whoever was given it last. One that was given it before and has not noticed stores nothing.
CREATE TABLE event_owner (
    topic     TEXT NOT NULL,
    partition INTEGER NOT NULL,
    epoch     BIGINT NOT NULL,
    CONSTRAINT event_owner_pkey PRIMARY KEY (topic, partition)
);

DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['event_block', 'event_block_default', 'event_count'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenants ON %I USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id))', name);
    END LOOP;
END $$;
GRANT SELECT ON event_block, event_count TO sdp_api;
