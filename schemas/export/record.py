"""How a record of the logs is read, in words: the rule for readers, the headers byte by byte, each attribute.

A contract test compares `STAMP` and `MARK` with golden records; an attribute without a meaning stops the export.
"""

Layout = tuple[tuple[str, int, str], ...]
"""Name, bytes and meaning of each field; integers are big-endian."""

STAMP: Layout = (
    ("format", 1, "Always 1."),
    ("authorised", 1, "1 if the source may send this type about this subject, 0 if not; then it will be rejected."),
    ("digest", 32, "SHA-256 of the message's content as it came in, canonical JSON (RFC 8785)."),
)
MARK: Layout = (
    ("format", 1, "Always 1."),
    ("at", 8, "The offset at which the record expects to land. At any other offset it is void."),
    ("cause", 8, "The inbox offset that it answers, signed; -1 for the genesis record."),
    ("i", 2, "Its place among the records of that cause, from 0."),
    ("n", 2, "How many records that cause has."),
    ("prev", 32, "Head of the hash chain before this record; zeros at the genesis record."),
    ("digest", 32, "The digest stamped on the inbox record; zeros at the genesis record."),
)
READING = """\
Kalimaya keeps the operational picture of simultaneous village-head elections. Every message that comes in is put into
the inbox of one service, and gets exactly one outcome in that service's event log, for ever.

**A publisher** sends orders and reports over HTTP (see the OpenAPI document) or to the topic of its agency. What is
sent is a CloudEvent 1.0; `source` is derived from the credentials or the topic. Sending the same id with the same
content again is always safe.

**A reader** follows the event logs. A record counts only where it said it would land:

1. Read each partition from offset 0, without a transaction filter. A gap between offsets means that the log was
   damaged: stop.
2. Offset 0 is the genesis record. It names the log; keep the name, and stop if it ever is another.
3. A record is valid if the `at` of its header `mark` equals its offset, and skipped otherwise: it is what a writer
   wrote that had been overtaken. Dropping repeated ids is not enough.
4. A reader that keeps state also checks the chain: `prev` must equal the head after the valid record before. That
   head is SHA-256 over prev, at, cause, i, n, digest, length of the key (4 bytes), key and value. If it differs, fold
   once more from offset 0; if it still differs, skip the record and raise an alarm.
5. The n records of one cause are one answer: apply all of them or none.
6. A valid record of a type or version that you do not know: stop, and go on with a newer reader. A new version is
   read in one release and written in the next, so whoever keeps up never stops. Old versions are read for ever.
7. Facts about one thing are ordered by `time`, then source and id of the message (`causationid`): reports come late
   and out of order, and the state must not depend on that. Orders stand in the order of the log.

**Keys and partitions.** The key of a record is its aggregate, e.g. `unit/polres-serang-007`; its partition is the
CRC-32 (IEEE) of the key's UTF-8 bytes modulo the number of partitions, whatever client wrote it. The inbox and the
log of a service have equally many partitions, and what is in inbox partition p is answered in log partition p.
"""

_SHARED = {
    "specversion": "Version of CloudEvents.",
    "type": "What kind of message this is.",
    "dataschema": "Which version of it: `urn:kalimaya:schema:<type>:<version>`.",
    "subject": "The aggregate, e.g. `unit/polres-serang-007`.",
    "time": "When it happened, as the source saw it.",
    "recordedtime": "When the gateway took it in.",
    "correlationid": "Joins messages that belong together; carried through as it came.",
    "traceparent": "W3C trace context; carried through as it came.",
    "data": "What is said, by the schema that `dataschema` names.",
}
IN_INBOX = _SHARED | {
    "id": "Given by the source; (source, id) is the identity of a message.",
    "source": "Who said it: `/agencies/<id>`, `/operators/<id>` or `/services/<id>`.",
    "partitionkey": "The aggregate that it concerns, e.g. `unit/polres-serang-007`; also the record's key.",
    "subject": "As the source gave it; nothing depends on it.",
}
IN_LOG = _SHARED | {
    "id": "The place in the log: `<topic>/<partition>/<cause>/<index>`.",
    "source": "The service that decided, e.g. `/services/deployment`.",
    "knowntime": "From when the fact could be known; never decreases within a partition.",
    "causationid": "The message that this answers: `<source>#<id>`.",
}
AS_SENT = {each: IN_INBOX[each] for each in IN_INBOX if each not in ("partitionkey", "recordedtime")} | {
    "source": "Any URI-reference; replaced by what credentials or topic say.",
    "dataschema": "Which version of the message; version 1 if absent.",
    "time": "When it happened, as the source saw it; when it is taken in, if absent.",
    "datacontenttype": "`application/json`, if given.",
}
UNREADABLE = {
    "agency": "Whose topic it was.",
    "topic": "The topic in which it stood.",
    "partition": "The partition there, as digits.",
    "offset": "The offset there, as digits.",
    "reason": "What is wrong, as HTTP would have named the problem, e.g. `invalid-envelope`.",
    "detail": "What is wrong, in words.",
    "recordedtime": "When it was set aside, RFC 3339 in UTC.",
}
"""Headers of a record that was set aside; the agency's own stand beside them as `of.<name>`."""
