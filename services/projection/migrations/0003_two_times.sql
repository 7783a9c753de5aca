-- What was so at an instant, and what could be known at one (docs/adr/0010-two-times.md).

-- What was folded before has no versions: it is folded anew, from the beginning of the logs.
TRUNCATE positions, entities, outcomes, events;

ALTER TABLE entities
    ADD COLUMN brief jsonb NOT NULL,            -- the part of the document that the picture is drawn from
    ADD COLUMN first_at timestamptz NOT NULL,   -- effective times of its first and last version
    ADD COLUMN last_at timestamptz NOT NULL;

-- Each row holds from at_from on, for whoever may know what was known from known_from on; nothing here ever changes.
CREATE TABLE versions (
    kind text NOT NULL,
    id text NOT NULL,
    at_from timestamptz NOT NULL,
    known_from timestamptz NOT NULL,
    event_offset bigint NOT NULL,               -- of the fact that brought it; the log is the entity's
    villages text[] NOT NULL,                   -- as in entities, as they were
    districts text[] NOT NULL,
    jurisdiction text,
    agency text,
    status text,
    brief jsonb NOT NULL,
    PRIMARY KEY (kind, id, at_from, known_from, event_offset)
);

ALTER TABLE events
    ADD COLUMN at timestamptz GENERATED ALWAYS AS (LEAST("time", recordedtime)) STORED,
    ADD COLUMN slot text;                       -- of one subject's events in one slot only the last counts
CREATE INDEX events_that_count ON events (subject) WHERE slot IS NULL;
CREATE INDEX events_replaced ON events (subject, slot, at) WHERE slot IS NOT NULL;
