-- The read model: what the event logs say, and how far they have been read. Everything here can be folded anew.
-- No serials and no insertion times: a rebuild gives the same rows. No row is written from two partitions.

CREATE TABLE positions (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,      -- next record to read; always between whole answers
    next_cause bigint NOT NULL,       -- inbox offset whose answer comes next
    tail bigint NOT NULL,             -- offset of the last record that counted
    head bytea NOT NULL,              -- the chain after it
    known timestamptz,                -- known time of the last outcome
    log text,                         -- the log's own id, from its genesis record
    voids bigint NOT NULL,            -- records that did not count
    alarms bigint[] NOT NULL,         -- offsets of records in the right place with a wrong chain
    PRIMARY KEY (topic, partition)
);

CREATE TABLE entities (
    kind text NOT NULL,               -- unit, post, shipment, incident
    id text NOT NULL,
    service text NOT NULL,            -- with partition: the one log that writes this row
    partition integer NOT NULL,
    villages text[] NOT NULL,         -- lists filter on these; the document says the same
    districts text[] NOT NULL,
    jurisdiction text,
    agency text,
    status text,
    document jsonb NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX entities_by_village ON entities USING gin (villages);
CREATE INDEX entities_by_district ON entities USING gin (districts);

CREATE TABLE outcomes (
    service text NOT NULL,
    partition integer NOT NULL,
    cause bigint NOT NULL,            -- inbox offset of the message
    "offset" bigint NOT NULL,         -- event-log offset of the answer's first record
    source text NOT NULL,
    id text NOT NULL,
    kind text NOT NULL,               -- accepted, refused, rejected, repeated, conflicting
    reason text,
    type text NOT NULL,
    subject text NOT NULL,
    "time" timestamptz NOT NULL,
    recordedtime timestamptz NOT NULL,
    knowntime timestamptz NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (service, partition, cause)
);
CREATE INDEX outcomes_by_identity ON outcomes (source, id);

CREATE TABLE events (
    service text NOT NULL,
    partition integer NOT NULL,
    event_offset bigint NOT NULL,
    cause bigint NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    "time" timestamptz NOT NULL,
    recordedtime timestamptz NOT NULL,
    knowntime timestamptz NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (service, partition, event_offset)
);
CREATE INDEX events_by_cause ON events (service, partition, cause);
