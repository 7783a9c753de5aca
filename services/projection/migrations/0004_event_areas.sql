-- What an event concerns: the villages and districts of its entity before it and after it. Streams and the history filter
-- on them. Nothing else tells them of events that were read before, so these are read anew from the logs.

TRUNCATE positions, entities, versions, outcomes, events;
ALTER TABLE events ADD COLUMN villages text[] NOT NULL;
ALTER TABLE events ADD COLUMN districts text[] NOT NULL;
CREATE INDEX IF NOT EXISTS events_by_subject ON events (subject, event_offset);
