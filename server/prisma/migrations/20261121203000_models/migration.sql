-- Models that decide on transactions: signed packages, what is deployed, and who runs it.

CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- A version names one content for ever.
CREATE TABLE model_version (
    version     TEXT NOT NULL,
    feature_set TEXT NOT NULL,
    -- Of the public key that the package is signed for; the signature itself stands in the package.
    key_id      TEXT NOT NULL,
    signed_at   TIMESTAMPTZ(3) NOT NULL,
    -- Of the packed package.
    sha256      BYTEA NOT NULL,
    size_bytes  INTEGER NOT NULL,
    package     BYTEA NOT NULL,
    added_by    TEXT NOT NULL,
    added_at    TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    CONSTRAINT model_version_pkey PRIMARY KEY (version),
    CONSTRAINT model_version_sha256_check CHECK (octet_length(sha256) = 32)
);
ALTER TABLE model_version ALTER COLUMN package SET STORAGE EXTERNAL;
CREATE TRIGGER model_version_immutable BEFORE UPDATE OR DELETE ON model_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One row for each deployment there ever was; the one with the highest generation holds.
CREATE TABLE model_deployment (
    generation       BIGINT NOT NULL,
    champion         TEXT NOT NULL,
    challenger       TEXT,
    challenger_share DOUBLE PRECISION,
    shadow           TEXT,
    -- Of the split between champion and challenger.
    salt             TEXT NOT NULL,
    -- What a rollback goes back to.
    rollback_to      BIGINT,
    kind             TEXT NOT NULL,
    reason           TEXT NOT NULL,
    made_by          TEXT NOT NULL,
    made_at          TIMESTAMPTZ(3) NOT NULL,
    -- Under a key of the server's own, over this row and the hmac of the one before.
    hmac             BYTEA NOT NULL,
    CONSTRAINT model_deployment_pkey PRIMARY KEY (generation),
    CONSTRAINT model_deployment_champion_fkey FOREIGN KEY (champion) REFERENCES model_version (version),
    CONSTRAINT model_deployment_challenger_fkey FOREIGN KEY (challenger) REFERENCES model_version (version),
    CONSTRAINT model_deployment_shadow_fkey FOREIGN KEY (shadow) REFERENCES model_version (version),
    CONSTRAINT model_deployment_rollback_to_fkey FOREIGN KEY (rollback_to) REFERENCES model_deployment (generation),
    CONSTRAINT model_deployment_generation_check CHECK (generation > 0),
    CONSTRAINT model_deployment_share_check CHECK (
        (challenger IS NULL) = (challenger_share IS NULL) AND challenger_share > 0 AND challenger_share < 1
    ),
    CONSTRAINT model_deployment_kind_check CHECK (
        kind IN ('first', 'promote', 'withdraw', 'rollback', 'automatic-rollback')
    ),
    CONSTRAINT model_deployment_hmac_check CHECK (octet_length(hmac) = 32)
);
CREATE TRIGGER model_deployment_immutable BEFORE UPDATE OR DELETE ON model_deployment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Workers that score, alive or not long gone.
CREATE TABLE model_worker (
    worker_id   UUID NOT NULL,
    host        TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    -- That it runs.
    generation  BIGINT NOT NULL,
    started_at  TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    alive_until TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT model_worker_pkey PRIMARY KEY (worker_id)
) WITH (fillfactor = 50);

-- What each worker said of each generation.
CREATE TABLE model_ack (
    generation      BIGINT NOT NULL,
    worker_id       UUID NOT NULL,
    state           TEXT NOT NULL,
    -- A code of the error registry, where it failed.
    reason_code     TEXT,
    swap_ms         INTEGER,
    acknowledged_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT model_ack_pkey PRIMARY KEY (generation, worker_id),
    CONSTRAINT model_ack_state_check CHECK (state IN ('loaded', 'failed'))
);

-- What models did, by the minute: no transaction stands here.
CREATE TABLE model_usage (
    generation   BIGINT NOT NULL,
    arm          TEXT NOT NULL,
    version      TEXT NOT NULL,
    worker_id    UUID NOT NULL,
    minute       TIMESTAMPTZ(0) NOT NULL,
    -- Transactions given to the model, and those of them for which it gave no valid score.
    attempted    BIGINT NOT NULL,
    failed       BIGINT NOT NULL,
    -- Calls of the model, each for a batch.
    calls        BIGINT NOT NULL,
    failed_calls BIGINT NOT NULL,
    -- Transactions that a shadow model was not asked about.
    dropped      BIGINT NOT NULL,
    -- APPROVE, REVIEW, DECLINE.
    decisions    BIGINT[] NOT NULL,
    -- Histograms; server/src/models/usage/histograms.ts has their bounds.
    scores       BIGINT[] NOT NULL,
    latencies    BIGINT[] NOT NULL,
    CONSTRAINT model_usage_pkey PRIMARY KEY (generation, arm, version, worker_id, minute),
    CONSTRAINT model_usage_arm_check CHECK (arm IN ('champion', 'challenger', 'shadow', 'stand-in'))
) WITH (fillfactor = 50);
CREATE INDEX model_usage_minute_idx ON model_usage (minute);
