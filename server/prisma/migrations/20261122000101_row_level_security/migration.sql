-- Every row that belongs to a client shows only where sdp_sees() says so, to the owner of the tables as well (FORCE). SDP's own
-- connections set sdp.tenants to '*'; what the API does for tenants runs as sdp_api with their ids.
DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'processing_batch', 'upload_key', 'api_key', 'access_log', 'audit_event', 'token_vault', 'token_vault_namespace',
        'token_vault_erasure', 'token_vault_head', 'transaction_event', 'transaction_unpublished', 'transaction_decision',
        'fraud_alert', 'transaction_outcome'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenants ON %I USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id))', name);
    END LOOP;

    -- These belong to a client through their batch, which the caller must see. Whoever sees all needs no look at it.
    FOREACH name IN ARRAY ARRAY['tokenized_record', 'processed_result'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenants ON %1$I USING (current_setting(''sdp.tenants'', true) = ''*''
                OR EXISTS (SELECT FROM processing_batch b WHERE b.batch_id = %1$I.batch_id))', name);
    END LOOP;
END $$;

ALTER TABLE message_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE message_audit FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON message_audit USING (sdp_sees(tenant)) WITH CHECK (sdp_sees(tenant));

-- What the API does for tenants. Records and results are written by COPY, which PostgreSQL doesn't do under row-level security:
-- the server's own role writes them.
GRANT SELECT, INSERT ON processing_batch TO sdp_api;
GRANT SELECT, INSERT, UPDATE ON upload_key TO sdp_api;
GRANT SELECT ON tokenized_record, processed_result TO sdp_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON token_vault, token_vault_namespace, token_vault_erasure, token_vault_head TO sdp_api;
GRANT SELECT ON transaction_event, transaction_decision, fraud_alert TO sdp_api;
GRANT SELECT, INSERT ON transaction_outcome TO sdp_api;
GRANT SELECT, INSERT ON audit_event TO sdp_api;
GRANT USAGE ON SEQUENCE audit_event_audit_id_seq TO sdp_api;
GRANT SELECT ON access_log TO sdp_api;
