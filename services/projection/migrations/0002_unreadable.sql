-- What agencies wrote to their topics and nobody can read, from gateway.unreadable. Beside the picture: nothing of the
-- event logs is in it. The same record set aside twice is one row, the first.

CREATE TABLE unreadable (
    topic text NOT NULL,              -- where the agency wrote it
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    position bigint NOT NULL,         -- its offset in gateway.unreadable
    agency text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    recordedtime timestamptz,         -- when the gateway set it aside
    headers jsonb NOT NULL,           -- the agency's: [[name, value in base64], ...]
    size bigint NOT NULL,             -- of its value, in bytes
    raw bytea NOT NULL,               -- the beginning of its value
    PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX unreadable_by_position ON unreadable (position);

CREATE TABLE unreadable_position (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    next_offset bigint NOT NULL       -- next record of gateway.unreadable to read
);
INSERT INTO unreadable_position VALUES (true, 0);
