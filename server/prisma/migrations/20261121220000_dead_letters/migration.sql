-- What operators decided on dead letters. The letters themselves stay in their topics as long as those keep them.
CREATE TABLE dead_letter_decision (
    topic      TEXT NOT NULL,
    partition  INTEGER NOT NULL,
    "offset"   BIGINT NOT NULL,
    -- When the log took the letter: a topic that was made anew has other letters at the same places.
    written_at TIMESTAMPTZ(3) NOT NULL,
    -- REPLAYING: a replay was begun and may or may not have been sent; repeating it has no second effect.
    state      TEXT NOT NULL,
    -- Of the replay.
    event_id   TEXT,
    -- Of the operator who discarded it.
    reason     TEXT,
    decided_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    CONSTRAINT dead_letter_decision_pkey PRIMARY KEY (topic, partition, "offset", written_at),
    CONSTRAINT dead_letter_decision_state_check CHECK (state IN ('REPLAYING', 'REPLAYED', 'DISCARDED')),
    CONSTRAINT dead_letter_decision_reason_check CHECK ((state = 'DISCARDED') = (reason IS NOT NULL)),
    CONSTRAINT dead_letter_decision_event_id_check CHECK ((state <> 'DISCARDED') = (event_id IS NOT NULL))
);

ALTER TABLE message_audit DROP CONSTRAINT message_audit_action_check;
ALTER TABLE message_audit ADD CONSTRAINT message_audit_action_check
    CHECK (action IN ('sent', 'received', 'refused', 'failed', 'repeated', 'replayed', 'discarded'));
-- What became of messages that lie in dead letters.
CREATE INDEX message_audit_buried_idx ON message_audit (topic) WHERE action IN ('refused', 'failed');
