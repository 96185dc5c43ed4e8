-- Copies of clients' vaults, for those who ask for one. Sealed by the client: no key of the server opens any of it.
CREATE TABLE token_vault (
    client_id TEXT NOT NULL,
    -- Keyed digest of the namespace's name, made by the client.
    namespace BYTEA NOT NULL,
    token     BYTEA NOT NULL,
    -- By which the client names the entry when it has it erased.
    erasure   BYTEA NOT NULL,
    sealed    BYTEA NOT NULL,
    stored_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    CONSTRAINT token_vault_pkey PRIMARY KEY (client_id, namespace, token),
    CONSTRAINT token_vault_sizes_check CHECK (octet_length(namespace) = 16 AND octet_length(token) = 16 AND octet_length(erasure) = 32)
);
CREATE INDEX token_vault_erasure_idx ON token_vault (client_id, namespace, erasure);
ALTER TABLE token_vault ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE TABLE token_vault_namespace (
    client_id TEXT NOT NULL,
    namespace BYTEA NOT NULL,
    sealed    BYTEA NOT NULL,
    CONSTRAINT token_vault_namespace_pkey PRIMARY KEY (client_id, namespace)
);

-- What was erased must not come back with a later push.
CREATE TABLE token_vault_erasure (
    client_id TEXT NOT NULL,
    namespace BYTEA NOT NULL,
    erasure   BYTEA NOT NULL,
    -- Days since 1970-01-01; of several erasures the last.
    erased_on INTEGER NOT NULL,
    CONSTRAINT token_vault_erasure_pkey PRIMARY KEY (client_id, namespace, erasure)
);
