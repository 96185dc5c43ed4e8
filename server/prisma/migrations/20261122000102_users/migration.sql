-- People who sign in. None of these tables is granted to sdp_api.
CREATE TABLE users (
    user_id             UUID PRIMARY KEY NOT NULL,
    -- By which they sign in, in lower case.
    name                TEXT NOT NULL,
    role                TEXT NOT NULL,
    -- A Client's own; staff have a list of clients ({*}: all of them).
    client_id           TEXT,
    tenants             TEXT[] NOT NULL DEFAULT '{}',
    state               TEXT NOT NULL DEFAULT 'active',
    -- PHC string of Argon2id, made with a pepper that the database doesn't hold; none for those who sign in elsewhere.
    password_hash       TEXT,
    -- Set by somebody else: good for choosing another one, and for nothing else.
    password_is_initial BOOLEAN NOT NULL DEFAULT false,
    -- Secret of the second factor, sealed with the server's key and bound to the user.
    totp_sealed         BYTEA,
    totp_is_confirmed   BOOLEAN NOT NULL DEFAULT false,
    -- Of the last code that was accepted: none is accepted twice.
    totp_last_step      BIGINT NOT NULL DEFAULT 0,
    -- HMAC-SHA-256 of the recovery codes that are left.
    recovery_hmacs      BYTEA[] NOT NULL DEFAULT '{}',
    created_at          TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    CONSTRAINT users_role_check CHECK (
        role IN ('DataEngineer', 'DataAnalyst', 'SecurityAuditor', 'Client', 'Admin')
        AND (role = 'Client') = (client_id IS NOT NULL) AND (role = 'Client') = (cardinality(tenants) = 0)
    ),
    CONSTRAINT users_state_check CHECK (state IN ('active', 'disabled')),
    CONSTRAINT users_name_check CHECK (name = lower(name))
);
CREATE UNIQUE INDEX users_name_key ON users (name);

CREATE TABLE user_session (
    -- SHA-256 of what the cookie holds.
    token_sha256 BYTEA PRIMARY KEY NOT NULL,
    user_id      UUID NOT NULL,
    opened_at    TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    -- To the minute.
    used_at      TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    ends_at      TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT user_session_user_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);
CREATE INDEX user_session_user_idx ON user_session (user_id);

-- Attempts to sign in that failed since the last one that didn't, for names that exist and names that don't alike.
CREATE TABLE sign_in_failure (
    -- HMAC-SHA-256: people type passwords into the field for names.
    name_hmac     BYTEA PRIMARY KEY NOT NULL,
    failures      INTEGER NOT NULL,
    blocked_until TIMESTAMPTZ(3) NOT NULL,
    at            TIMESTAMPTZ(3) NOT NULL
);
CREATE INDEX sign_in_failure_at_idx ON sign_in_failure (at);

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON users USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id));

-- What a role may, for those who look with SQL. Written by the server at start from its own table; nothing reads it.
CREATE TABLE roles (
    role       TEXT NOT NULL,
    permission TEXT NOT NULL,
    CONSTRAINT roles_pkey PRIMARY KEY (role, permission)
);
