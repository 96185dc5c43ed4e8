-- What an anonymized batch protects: numbers, covered by outcome_sha256.
ALTER TABLE processing_batch ADD COLUMN report JSONB;
