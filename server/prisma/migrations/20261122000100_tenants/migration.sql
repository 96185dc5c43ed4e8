-- The role under which the API works for tenants. A cluster that serves several databases has it already; two that migrate at
-- once both try to make it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sdp_api') THEN
        CREATE ROLE sdp_api NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sdp_api' AND (rolsuper OR rolbypassrls OR rolcanlogin)) THEN
        RAISE EXCEPTION 'the role sdp_api must have none of LOGIN, SUPERUSER and BYPASSRLS';
    END IF;
    -- A superuser may take any role; another owner has to be a member.
    IF NOT pg_has_role(current_user, 'sdp_api',
                       CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
        EXECUTE format('GRANT sdp_api TO %I', current_user);
    END IF;
    IF NOT has_schema_privilege('sdp_api', current_schema(), 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO sdp_api', current_schema());
    END IF;
END $$;

-- Whose rows the present transaction may see. Unset: nobody's.
CREATE FUNCTION sdp_sees(client TEXT) RETURNS BOOLEAN LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('sdp.tenants', true) = '*'
        OR client = ANY (string_to_array(current_setting('sdp.tenants', true), ','))
$$;

-- A key speaks for one client, or is a member of staff's with a list of clients ({*}: all of them).
ALTER TABLE api_key ADD COLUMN role TEXT NOT NULL DEFAULT 'Client';
ALTER TABLE api_key ADD COLUMN tenants TEXT[] NOT NULL DEFAULT '{}';
ALTER TABLE api_key ALTER COLUMN client_id DROP NOT NULL;
ALTER TABLE api_key ADD CONSTRAINT api_key_role_check CHECK (
    role IN ('DataEngineer', 'DataAnalyst', 'SecurityAuditor', 'Client', 'Admin')
    AND (role = 'Client') = (client_id IS NOT NULL) AND (role = 'Client') = (cardinality(tenants) = 0)
);

-- Who was let in to what, and who wasn't.
CREATE TABLE access_log (
    access_id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY NOT NULL,
    at             TIMESTAMPTZ(3) NOT NULL,
    principal_kind TEXT NOT NULL,
    principal_id   TEXT,
    role           TEXT,
    -- For which client it was asked, where it was for one.
    client_id      TEXT,
    permission     TEXT,
    -- The route's pattern, and what in the path stands for an id, if it is one.
    resource       TEXT NOT NULL,
    resource_id    TEXT,
    allowed        BOOLEAN NOT NULL,
    code           TEXT,
    -- Of the first one, where there are several.
    request_id     TEXT NOT NULL,
    -- Requests alike that were allowed within a moment.
    requests       INTEGER NOT NULL DEFAULT 1,
    xact           XID8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT access_log_principal_check CHECK (
        principal_kind IN ('key', 'user', 'none') AND (principal_kind = 'none') = (principal_id IS NULL)
    ),
    CONSTRAINT access_log_requests_check CHECK (requests > 0)
);
CREATE INDEX access_log_at_idx ON access_log USING brin (at);
CREATE INDEX access_log_xact_idx ON access_log (xact, access_id);
