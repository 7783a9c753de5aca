"""What became of a plan's messages, for people: by kind of outcome and by type of message."""

from collections import Counter, defaultdict
from collections.abc import Callable

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from scenarios.plan import Plan, Planned
from scenarios.receipts import Receipt, Receipts

NOT_ANSWERED = "not answered"
NAMED = 20
"""Messages that became other than planned and are named one by one."""


class _Typed(msgspec.Struct):
    type: str


_type_of: Callable[[bytes], _Typed] = msgspec.json.Decoder(_Typed).decode


def summarise(plan: Plan, receipts: Receipts, console: Console) -> int:
    """Print what became of the messages; how many became other than planned."""
    became: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in plan.messages:
        became[_kind(each)][_result(each, receipts)] += 1
    title = f"Scenario {plan.name}: {len(plan.messages):,} messages"
    table = Table("message", "became", title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for kind in sorted(became):
        table.add_row(kind, _counts(became[kind]))
    table.add_row("all", _counts(sum(became.values(), Counter())), style="bold")
    console.print(table)
    unmet = [each for each in plan.messages if not _met(each, receipts)]
    for each in unmet[:NAMED]:
        console.print(f"  {_told(each, receipts.by_step.get(each.step))}", markup=False, highlight=False)
    console.print(f"  As planned: {len(plan.messages) - len(unmet):,} of {len(plan.messages):,}.", highlight=False)
    return len(unmet)


def _kind(planned: Planned) -> str:
    return "no message" if planned.key is None else _type_of(planned.body).type.removeprefix("kalimaya.")


def _result(planned: Planned, receipts: Receipts) -> str:
    receipt = receipts.by_step.get(planned.step)
    result = NOT_ANSWERED if receipt is None else receipt.result(planned)
    return f"HTTP {result}" if isinstance(result, int) else result


def _met(planned: Planned, receipts: Receipts) -> bool:
    receipt = receipts.by_step.get(planned.step)
    return receipt is not None and receipt.met(planned)


def _told(planned: Planned, receipt: Receipt | None) -> str:
    about = f"{planned.source} {planned.id}: planned {planned.expect} {planned.reason or ''}"
    if receipt is None:
        return f"{about}, was not answered"
    return f"{about}, became {receipt.result(planned)} {receipt.reason or ''} ({receipt.said or ''})"


def _counts(results: Counter[str]) -> str:
    return ", ".join(f"{count:,} {result}" for result, count in results.most_common())
