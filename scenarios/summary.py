"""What became of a plan's messages, for people: by kind of outcome and by type of message."""

from collections import Counter
from collections.abc import Callable

import msgspec
from rich.console import Console
from rich.table import Table

from scenarios.plan import Plan, Planned
from scenarios.receipts import Receipt, Receipts

OUTCOMES = ("accepted", "refused", "rejected", "repeated", "conflicting")
NOT_ANSWERED = "not answered"
NAMED = 20
"""Messages that became other than planned and are named one by one."""


class _Typed(msgspec.Struct):
    type: str


_type_of: Callable[[bytes], _Typed] = msgspec.json.Decoder(_Typed).decode


def summarise(plan: Plan, receipts: Receipts, console: Console) -> int:
    """Print what became of the messages; how many became other than planned."""
    became = Counter((_kind(each), _result(each, receipts)) for each in plan.messages)
    columns = [*OUTCOMES, *sorted({result for _, result in became} - {*OUTCOMES})]
    table = Table("message", title=f"Scenario {plan.name}: {len(plan.messages):,} messages", title_justify="left")
    for name in columns:
        table.add_column(name, justify="right")
    for kind in sorted({kind for kind, _ in became}):
        table.add_row(kind, *(_number(became[kind, column]) for column in columns))
    sums = (sum(count for (_, result), count in became.items() if result == column) for column in columns)
    table.add_section()
    table.add_row("all", *map(_number, sums))
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
    return f"turned away, {result}" if isinstance(result, int) else result


def _met(planned: Planned, receipts: Receipts) -> bool:
    receipt = receipts.by_step.get(planned.step)
    return receipt is not None and receipt.met(planned)


def _told(planned: Planned, receipt: Receipt | None) -> str:
    about = f"{planned.source} {planned.id}: planned {planned.expect} {planned.reason or ''}"
    if receipt is None:
        return f"{about}, was not answered"
    return f"{about}, became {receipt.result(planned)} {receipt.reason or ''} ({receipt.said or ''})"


def _number(count: int) -> str:
    return f"{count:,}" if count else ""
