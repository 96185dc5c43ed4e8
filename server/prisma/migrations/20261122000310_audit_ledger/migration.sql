-- The ledger of the audit trail: a hash chain and a Merkle tree (RFC 9162) over rows that are only ever added, with signed heads.
-- The rows themselves stay where they are. The role of the API is granted nothing here.

-- Deployments and versions of models are in the trail as they are.
ALTER TABLE model_deployment ADD COLUMN xact XID8;
ALTER TABLE model_deployment ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
ALTER TABLE model_version ADD COLUMN xact XID8;
ALTER TABLE model_version ALTER COLUMN xact SET DEFAULT pg_current_xact_id();

CREATE TABLE audit_leaf (
    -- From 0, none left out.
    seq        BIGINT NOT NULL,
    source     TEXT NOT NULL,
    source_id  TEXT NOT NULL,
    -- SHA-256 over 0x00 and the row as server/src/audit/ledger/ledger-sources.ts writes it.
    leaf_hash  BYTEA NOT NULL,
    -- SHA-256 over the chain hash before it and the leaf hash.
    chain_hash BYTEA NOT NULL,
    CONSTRAINT audit_leaf_pkey PRIMARY KEY (seq),
    CONSTRAINT audit_leaf_hashes_check CHECK (octet_length(leaf_hash) = 32 AND octet_length(chain_hash) = 32)
);
CREATE UNIQUE INDEX audit_leaf_source_key ON audit_leaf (source, source_id);

-- Roots of complete subtrees of 2^level leaves, for the levels 8, 16, 24 and so on: proofs need not hash the whole tree.
CREATE TABLE audit_node (
    level    INTEGER NOT NULL,
    position BIGINT NOT NULL,
    hash     BYTEA NOT NULL,
    CONSTRAINT audit_node_pkey PRIMARY KEY (level, position),
    CONSTRAINT audit_node_hash_check CHECK (octet_length(hash) = 32)
);

CREATE TABLE audit_head (
    size       BIGINT NOT NULL,
    root       BYTEA NOT NULL,
    chain_hash BYTEA NOT NULL,
    signed_at  TIMESTAMPTZ(3) NOT NULL,
    -- Of the public key that the signature (Ed25519) is checked with.
    key_id     TEXT NOT NULL,
    signature  BYTEA NOT NULL,
    CONSTRAINT audit_head_pkey PRIMARY KEY (size),
    CONSTRAINT audit_head_lengths_check CHECK (
        octet_length(root) = 32 AND octet_length(chain_hash) = 32 AND octet_length(signature) = 64
    )
);

CREATE TRIGGER audit_leaf_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_node_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_node
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_head_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What the last round saw: transactions that were under way then are looked for again.
CREATE TABLE audit_position (
    only_one BOOLEAN NOT NULL DEFAULT true,
    seen     PG_SNAPSHOT NOT NULL,
    CONSTRAINT audit_position_pkey PRIMARY KEY (only_one),
    CONSTRAINT audit_position_only_one_check CHECK (only_one)
);

-- As in audit_event: what was not written by the server shows.
ALTER TABLE access_log ADD COLUMN event_id UUID NOT NULL;
ALTER TABLE access_log ADD COLUMN mac BYTEA NOT NULL;
ALTER TABLE access_log ADD CONSTRAINT access_log_mac_check CHECK (octet_length(mac) = 32);
CREATE TRIGGER access_log_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
