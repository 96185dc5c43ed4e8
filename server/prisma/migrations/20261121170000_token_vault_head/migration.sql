-- What a client's copy consists of, sealed by the client: by it the client finds out what is left away, added or put back.
CREATE TABLE token_vault_head (
    client_id TEXT NOT NULL,
    -- One more with every change of the copy.
    sequence  BIGINT NOT NULL,
    sealed    BYTEA NOT NULL,
    CONSTRAINT token_vault_head_pkey PRIMARY KEY (client_id),
    CONSTRAINT token_vault_head_sequence_check CHECK (sequence > 0)
);
