"""Chaos on the real thing: all services, Kafka on one node or three, PostgreSQL; load and faults; then the check.

**A piece** (`piece.py`, `make chaos`) is an operation of its own that begins with empty logs. For some minutes scenario
messages come at a fixed rate (`load.py`) and faults are done by a schedule drawn from a seed (`faults.py`), to a system
that is `make run`'s own (`site.py`): the same processes under the same supervisor, which starts again what dies.
Between services and engines stand proxies of ours (`proxy.py`), so that links can be cut, slowed and stalled; Kafka's
and PostgreSQL's data lie on small file systems, so that they can be full. Then the faults end, and everything must come
right by itself: each message known to its publisher, decided, and in the read model.

**What publishers were told** is in a file of receipts, a line for each try: *ok* with the message's place, *failed*
(4xx), or *unknown* (no answer, 5xx), after which the same message is sent again until it is known. What was published
over Kafka is ok when Kafka has acknowledged it to the agencies' topic; the gateway takes it from there.

**The check** (`checker.py`) reads all logs by the reader rule, with code of its own:
- each inbox record is answered exactly once among the records that count, whole and in order, and to its own content;
- each message that was told to stand somewhere stands there, with the outcome that was told if one was;
- each message told ok had exactly one effect (an outcome other than repeated or conflicting), by (source, id) and
  partition; each failed one none; each unknown one at most one;
- records that do not count are counted, by why.
*Lost* counts messages that break the first three by having too little, *doubled* by having too much. Then
(`undisturbed.py`) each inbox is decided once more, in one go and with nothing wrong, and each answer compared byte for
byte; what stands in the logs is folded afresh, and the digest of that picture compared with that of the read model; and
`kalimaya audit` is run with the receipts.

**Recovery** (`recovery.py`, `probe.py`) kills one thing at a time and waits until messages sent after it go all the way
in every partition. **Soak** (`soak.py`) runs long and looks at memory, files and latency. **Planted bugs**
(`tests/planted`) are those of model, simulation and audit. All append to docs/reliability/*.jsonl, and `report.py`
makes docs/reliability.md of it.

Left out: the loss of power (what a broker has acknowledged and not written to its disk survives the kill of a process;
see docs/guarantees.md for what survives what), and machines whose clocks differ: here a clock is set, for one process.
"""
