"""Writes docs/reliability.md from the results of runs; `--check` fails when the page is not what they say."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from kalimaya.settings import PROJECT
from tests.chaos import results

PAGE = PROJECT / "docs" / "reliability.md"
RESTART_SECONDS = 5.0
Results = Sequence[dict[str, Any]]

HEAD = """\
# Reliability, as it was seen

This page is made from results of runs (`docs/reliability/*.jsonl`) by `make reliability`; no figure on it was typed by
hand. What the runs are, and what is held against what, is said in `tests/chaos/__init__.py`. To run them again:

```
make chaos MINUTES=8 SEED=7 BROKERS=3    # one piece: its result is appended
make recovery                            # goes on until each kind has 30 kills; BROKERS=3 for the broker
make bench-restart                       # a decider over a log of a million answers, five restarts more
make soak MINUTES=60                     # memory, file handles and latency at half the sustained rate
make planted                             # which planted bug is caught by what, and how soon
make reliability                         # this page anew
```
"""
CHAOS = """\
{pieces} pieces, {minutes:g} minutes of load and faults in all: **{faults:,} faults over {messages:,} messages, {lost}
lost, {doubled} doubled.** In {equal} of {pieces} pieces the digest of the read model was that of a fresh fold of the
logs, in {clean} `kalimaya audit` was clean, and in {fine} nothing at all was found wrong. {again:,} answers were
decided once more without faults, from the same inboxes, and compared byte for byte.
"""
LEFT_OUT = """\
Left out is a fault whose effect was not seen: its target did not run or had another for 15 s, a second owner wrote
nothing, nobody who came got a share, the broker led nothing, nobody wrote to the full disk. In earlier pieces this was
not looked at, so some of their faults may have had none; {disks} of their full disks are left out, since nobody knows
which of these were full.
"""
RECOVERY = """\
Seconds from a kill (SIGKILL) until a message that was sent after it was decided, and until one was in the read model,
in *every* partition of all three services; messages are sent into each four times a second. What is killed is started
again by the supervisor of `make run`. *Taken over*: a second process is killed, which nobody starts again, and the
first one takes over its partitions. A watch: until it has looked at all of its rules. Of three brokers that is killed
which leads partitions at that moment.
"""
BEFORE = """\
Lines that were moved from `recovery.jsonl` to `recovery-before.jsonl` when what is killed came to do otherwise: it
reads on after an end of which PostgreSQL has only just told, looks at the logs with small fetches, and locks none but
its own positions. Of brokers and watches, because they were measured wrong: a third of the brokers led nothing, since
they had been killed just before, and a watch said that it was ready when it had read the first answer.
"""
RESTART = """\
Seconds from the start of a killed decider until it had answered a new message in every partition; over a log of a
million answers, with its snapshots, within {limit:g} is aimed at. Memory is the process's when it had answered.
"""
LOAD = """\
Load, a minute's average of the processes that wanted a processor, the system's own among them, where it was noted:
{least:g} to {most:g}, median {median:g}.
"""
SOAK = """\
{date}, commit {commit}, {machine}: {minutes} minutes at {rate:g} messages a second, {sent:,} messages. From when a
message was due to the read model, ms, means of the minutes' figures: p50 {first50:.0f} in the first quarter and
{last50:.0f} in the last; p99 {first99:.0f} and {last99:.0f}, in the worst minute {worst99:.0f}. Not in the read model a
minute after they were sent: {open}. What grows most is the decider that was sent them: it remembers who sent what for
62 days on which messages come (ADR 0015), here {each:,.0f} bytes a message after the first quarter.
"""
MIB = 1024 * 1024
PLANTED = """\
{found} of {all} were caught. The model leaves a rule of the protocol out (`tests/model`), the simulation changes a few
words of the services' code (`tests/simulation/bugs.py`). How soon is said in steps from the beginning to the harm, and
in lives of a whole operation.
"""
FOUND = """\
Pieces that found a mistake of the product, which are not in the sums above: from `docs/reliability/found.jsonl`, where
their lines are moved from `chaos.jsonl` with what it was.
"""
NOT_RUN = "Not run.\n"


def page(folder: Path = results.FOLDER) -> str:
    """The page."""
    planted = [each for path in sorted(folder.glob("planted*.jsonl")) for each in results.read(path.stem, folder)]
    parts = (
        [HEAD],
        chaos(results.read("chaos", folder), results.read("chaos-broken", folder)),
        findings(results.read("found", folder)),
        recovery(results.read("recovery", folder), results.read("recovery-before", folder)),
        restart(results.read("restart", folder)),
        soak(results.read("soak", folder)),
        caught(planted),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def chaos(pieces: Results, broken: Results) -> Iterator[str]:
    """All pieces together, then one by one."""
    yield "## Chaos\n"
    if not pieces:
        yield NOT_RUN
        return
    yield CHAOS.format(
        pieces=len(pieces),
        minutes=sum(each["minutes"] for each in pieces),
        faults=sum(sum(each["faults"].values()) for each in pieces),
        messages=sum(each["messages"] for each in pieces),
        lost=sum(each["lost"] for each in pieces),
        doubled=sum(each["doubled"] for each in pieces),
        equal=sum(each["digests_equal"] for each in pieces),
        clean=sum(each["audit_clean"] for each in pieces),
        fine=sum(not each["wrong_in_all"] for each in pieces),
        again=sum(each["decided_again"] for each in pieces),
    )
    if broken:
        yield f"{len(broken)} more came to no verdict: {'; '.join(each['wrong'] for each in broken)}.\n"
    yield from _table(("", *BROKERS), ((title, *_by_brokers(pieces, of)) for title, of in ROWS))
    yield "### Faults\n"
    left_out = _sum(each["left_out"] for each in pieces)
    kinds = sorted(_sum(each["faults"] for each in pieces).keys() | left_out.keys())
    rows = ((kind, *_by_brokers(pieces, lambda each, kind=kind: each["faults"].get(kind, 0))) for kind in kinds)
    yield from _table(("fault", *BROKERS, "left out"), ((*row, str(left_out[row[0]])) for row in rows))
    yield LEFT_OUT.format(disks=_not_known_to_be_full(pieces))
    yield "### Void records and reloads\n"
    yield f"- Event records that do not count, by why: {_listed(_sum(each['void'] for each in pieces))}."
    yield f"- What made deciders drop what they had and read on: {_listed(_sum(each['reloads'] for each in pieces))}.\n"
    yield "### Pieces\n"
    columns = ("date", "commit", "machine", "brokers", "seed", "minutes", "faults", "messages", "lost", "doubled")
    yield from _table((*columns, "digests", "found wrong"), map(_piece, pieces))


def findings(pieces: Results) -> Iterator[str]:
    """Pieces in which something was wrong, and what of the product it was; they are not in the sums above."""
    if pieces:
        yield "### What chaos found\n"
        yield FOUND
        rows = (
            (each["date"], each["commit"], str(each["brokers"]), each["wrong"][0], each["what"], each["mended"])
            for each in pieces
        )
        yield from _table(("date", "commit", "brokers", "first sign", "what it was", "mended"), rows)


BROKERS = {"1 broker": (1,), "3 brokers": (3,), "all": (1, 3)}
ROWS = (
    ("minutes", lambda each: each["minutes"]),
    ("faults", lambda each: sum(each["faults"].values())),
    ("of them with their effect seen", lambda each: sum(each["faults"].values()) if each.get("witnessed") else 0),
    ("messages in the inboxes", lambda each: each["messages"]),
    ("publishers' tries answered ok", lambda each: each["tries"]["ok"]),
    ("failed", lambda each: each["tries"]["failed"]),
    ("unknown, and tried again", lambda each: each["tries"]["unknown"]),
    ("records in the event logs", lambda each: each["events"]),
    ("of them void", lambda each: sum(each["void"].values())),
    ("reloads of deciders", lambda each: sum(each["reloads"].values())),
    ("lost", lambda each: each["lost"]),
    ("doubled", lambda each: each["doubled"]),
)


def _not_known_to_be_full(pieces: Results) -> int:
    before = (each["left_out"] for each in pieces if not each.get("witnessed"))
    return sum(count for left_out in before for kind, count in left_out.items() if kind.endswith("disk full"))


def _by_brokers(pieces: Results, of: Callable[[dict[str, Any]], float]) -> list[str]:
    """A sum over the pieces of each column of BROKERS."""
    sums = (sum(of(each) for each in pieces if each["brokers"] in counts) for counts in BROKERS.values())
    return [f"{each:,g}" if isinstance(each, float) else f"{each:,}" for each in sums]


def _piece(each: dict[str, Any]) -> tuple[str, ...]:
    commit = each["commit"] + (" and changes" if each["changed"] else "")
    return (
        each["date"],
        commit,
        each["machine"],
        str(each["brokers"]),
        str(each["seed"]),
        f"{each['minutes']:g}",
        str(sum(each["faults"].values())),
        f"{each['messages']:,}",
        str(each["lost"]),
        str(each["doubled"]),
        "equal" if each["digests_equal"] else "DIFFER",
        "nothing" if not each["wrong_in_all"] else "; ".join(each["wrong"][:3]).replace("|", "/")[:300],
    )


def recovery(kills: Results, before: Results) -> Iterator[str]:
    """By kind: how long it took, and how long with earlier code."""
    yield "## Recovery\n"
    yield RECOVERY
    if kills:
        yield from _kills(kills)
    else:
        yield NOT_RUN
    if before:
        yield "### Recovery with earlier code\n"
        yield BEFORE
        yield from _kills(before)


def _kills(kills: Results) -> Iterator[str]:
    rows = []
    for kind in dict.fromkeys(each["kind"] for each in kills):
        of_it = [each for each in kills if each["kind"] == kind]
        limit = of_it[0]["limit"]
        for what in ("decided", "projected", "looked"):
            took = [each[what] for each in of_it if what in each]
            if took:
                rows.append((kind, what, str(len(took)), *_spread(took), *_held(took, limit)))
    yield from _table(("killed", "until", "kills", "median", "p99", "longest", "limit", "within it"), rows)
    yield _ran(kills, "kills")
    if loads := sorted(each["load"] for each in kills if "load" in each):
        yield LOAD.format(least=loads[0], median=median(loads), most=loads[-1])


def _ran(lines: Results, what: str) -> str:
    ran = Counter(f"{each['date'][:10]}, {each['commit']}, {each['machine']}" for each in lines)
    return f"Run: {'; '.join(f'{where} ({count} {what})' for where, count in ran.items())}.\n"


def _spread(took: Sequence[float | None]) -> tuple[str, str, str]:
    """Median, p99 and the longest; a kill after which nothing came in time is longer than all."""
    known = sorted(float("inf") if each is None else each for each in took)
    p99 = quantiles(known, n=100, method="inclusive")[98] if len(known) > 1 and known[-1] < float("inf") else known[-1]
    return f"{median(known):.1f}", f"{p99:.1f}", f"{known[-1]:.1f}"


def _held(took: Sequence[float | None], limit: float | None) -> tuple[str, str]:
    if limit is None:
        return "none", ""
    within = sum(each is not None and each <= limit for each in took)
    return f"{limit:g}", f"{within} of {len(took)}"


def restart(restarts: Results) -> Iterator[str]:
    """With snapshots, and without."""
    yield "## Restart over a long log\n"
    if not restarts:
        yield NOT_RUN
        return
    yield RESTART.format(limit=RESTART_SECONDS)
    rows = []
    for snapshots, messages in sorted({(each["snapshots"], each["messages"]) for each in restarts}, reverse=True):
        of_it = [each for each in restarts if (each["snapshots"], each["messages"]) == (snapshots, messages)]
        title, limit = ("its snapshots", RESTART_SECONDS) if snapshots else ("none: it folds the log", None)
        took, most = [each["seconds"] for each in of_it], max(each["mib"] for each in of_it)
        rows.append((title, f"{messages:,}", str(len(took)), *_spread(took), *_held(took, limit), str(most)))
    titles = "from", "answers in the log", "restarts", "median", "p99", "longest", "limit", "within it", "MiB"
    yield from _table(titles, rows)
    yield _ran(restarts, "restarts")


def soak(samples: Results) -> Iterator[str]:
    """Each soak: latency of its first and last quarter, and sizes at three moments."""
    yield "## Soak\n"
    if not samples:
        yield NOT_RUN
    for run in dict.fromkeys(each["run"] for each in samples):
        of_it = [each for each in samples if each["run"] == run]
        quarter = max(1, len(of_it) // 4)
        first, last = of_it[:quarter], of_it[-quarter:]
        yield SOAK.format(
            **of_it[0] | {"sent": sum(each["sent"] for each in of_it)},
            minutes=len(of_it),
            first50=_mean(first, "p50"),
            last50=_mean(last, "p50"),
            first99=_mean(first, "p99"),
            last99=_mean(last, "p99"),
            worst99=max(each["p99"] for each in of_it),
            open=sum(each["open"] for each in of_it) if all("open" in each for each in of_it) else "not noted",
            each=_remembered(of_it[quarter - 1 :]),
        )
        moments = (of_it[0], first[-1], of_it[-1])
        rows = (
            (name, *(f"{each['memory'].get(name, 0)} / {each['files'].get(name, 0)}" for each in moments))
            for name in of_it[0]["memory"]
        )
        yield from _table(("MiB of memory / open files", "first minute", "after a quarter", "last minute"), rows)


def _remembered(of_it: Results) -> float:
    """Bytes by which the busy decider grew with each message, from the end of the first of these minutes on."""
    grown = of_it[-1]["memory"]["deployment"] - of_it[0]["memory"]["deployment"]
    return grown * MIB / max(1, sum(each["sent"] for each in of_it[1:]))


def _mean(of_it: Results, name: str) -> float:
    return sum(each[name] for each in of_it) / len(of_it)


def caught(bugs: Results) -> Iterator[str]:
    """Which bug is caught by what."""
    yield "## Planted bugs\n"
    if not bugs:
        yield NOT_RUN
        return
    found = sum(each["after"] is not None for each in bugs)
    yield PLANTED.format(found=found, all=len(bugs))
    yield from _table(
        ("bug", "caught by", "after"),
        ((each["bug"].replace("|", "/"), each["caught_by"], each["after"] or "NOT CAUGHT") for each in bugs),
    )
    recorded = sorted({f"{each['date']}, commit {each['commit']}" for each in bugs if "date" in each})
    yield f"Recorded {'; '.join(recorded)}."


def _sum(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common()) or "none"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * len(titles)
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def main() -> int:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos.report", description=__doc__)
    options.add_argument("--check", action="store_true", help="write nothing, fail when the page is stale")
    if options.parse_args().check:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        if not fresh:
            print("docs/reliability.md is stale: run `make reliability`", file=sys.stderr)
        return int(not fresh)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
