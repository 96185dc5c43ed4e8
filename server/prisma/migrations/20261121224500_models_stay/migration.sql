-- Emptying a table is a change of all of its rows.
CREATE TRIGGER model_version_stays BEFORE TRUNCATE ON model_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER model_deployment_stays BEFORE TRUNCATE ON model_deployment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
