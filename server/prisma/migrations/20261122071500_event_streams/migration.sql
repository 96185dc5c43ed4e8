-- Up to which block events of a client have been dropped: whoever followed them only up to a place before it has missed some.
CREATE TABLE event_forgotten (
    client_id TEXT PRIMARY KEY NOT NULL,
    block_id  BIGINT NOT NULL
);
ALTER TABLE event_forgotten ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_forgotten FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON event_forgotten USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id));
GRANT SELECT ON event_forgotten TO sdp_api;

-- Whether anything is still under a data key is asked before it is destroyed. Keys change in the order of the blocks.
CREATE INDEX event_block_key_id_idx ON event_block USING brin (key_id);
