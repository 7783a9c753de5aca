"""The operation file: read, checked, and put in force in the three logs, as an operator, usually the posko's.

A version is sent as one order a service, under ids that follow from operation and version, so that doing it twice is
harmless; another content under the same version is told to be conflicting.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_args

import httpx
import msgspec
import typer
import yaml
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from kalimaya.settings import DECIDING_SERVICES, HOST, Settings
from schemas.deployment import AdoptOperation
from schemas.operation import Operation
from schemas.types import StageName

OPERATOR = "posko-serang"
WAIT_SECONDS = 20
STAGES: tuple[StageName, ...] = get_args(get_args(StageName)[0])
JAKARTA = timezone(timedelta(hours=7))

app = typer.Typer(no_args_is_help=True, help="The operation file: check it, put it in force.")
File = Annotated[Path, typer.Argument(help="e.g. deploy/operations/serang-2019.yaml")]


class OperationError(Exception):
    """The file is no operation; the message says what is wrong with it."""


def load(path: Path) -> Operation:
    """Read an operation file. Raises OperationError with everything that is wrong."""
    try:
        # By way of JSON, because YAML knows dates and no tuples, and the messages are judged as JSON.
        written = json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=lambda value: value.isoformat())
        operation: Operation = TypeAdapter(AdoptOperation).validate_json(written)
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise OperationError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)]
        raise OperationError("\n".join([f"{path} is no operation:", *wrong[:20]])) from error
    if wrong := list(_amiss(operation)):
        raise OperationError("\n".join([f"{path} contradicts itself:", *wrong[:20]]))
    return operation


def _amiss(operation: Operation) -> Iterator[str]:
    """What no single field shows."""
    for what, names in (
        ("village", [each.village for each in operation.villages]),
        ("agency", [each.agency for each in operation.agencies]),
        ("stage", [each.stage for each in operation.stages]),
    ):
        yield from (f"{what} {name} stands {n} times" for name, n in Counter(names).items() if n > 1)
    for each in operation.stages:
        if each.start >= each.end:
            yield f"stage {each.stage} ends before it begins"
    begins = sorted(operation.stages, key=lambda each: STAGES.index(each.stage))
    if begins != sorted(begins, key=lambda each: each.start):
        yield f"the stages do not begin in their order: {', '.join(STAGES)}"
    voting = [each for each in operation.stages if each.stage == "voting"]
    if not any(operation.polling_day == each.start.astimezone(JAKARTA).date() for each in voting):
        yield f"the voting is not on the polling day, {operation.polling_day}"
    for village in operation.villages:
        if village.stations == 0:
            yield f"village {village.village} votes and has no polling station"


def messages(operation: Operation, operator: str = OPERATOR) -> list[dict[str, Any]]:
    """The orders that put it in force. Without `time`, so that they are the same whenever they are sent."""
    return [
        {
            "specversion": "1.0",
            "id": f"{operation.operation}-{operation.version}-{service}",
            "source": f"/operators/{operator}",
            "type": f"kalimaya.{service}.operation.adopt",
            "data": msgspec.to_builtins(operation),
        }
        for service in DECIDING_SERVICES
    ]


@app.command()
def check(file: File) -> None:
    """Read an operation file, and say what it says or what is wrong with it."""
    operation, console = _loaded(file), Console()
    stations = sum(each.stations for each in operation.villages)
    console.print(
        f"{operation.name}, version {operation.version}, polling day {operation.polling_day}", highlight=False
    )
    console.print(f"  by: {operation.source} ({operation.dated})", highlight=False)
    console.print(f"  villages: {len(operation.villages)}, polling stations: {stations}", highlight=False)
    for jurisdiction, count in Counter(each.jurisdiction for each in operation.villages).most_common():
        console.print(f"    {jurisdiction}: {count}", highlight=False)
    console.print(f"  agencies: {len(operation.agencies)}, stages: {len(operation.stages)}", highlight=False)


@app.command()
def apply(
    file: File,
    gateway: Annotated[str | None, typer.Option(envvar="KALIMAYA_GATEWAY", help="default: that of `up` here")] = None,
    tokens: Annotated[Path | None, typer.Option(envvar="KALIMAYA_TOKENS", help="default: those of `up` here")] = None,
    operator: Annotated[str, typer.Option(help="who gives the order, by his id in agencies.yaml")] = OPERATOR,
) -> None:
    """Put an operation file in force in all three services. Doing it again is harmless."""
    operation, console, settings = _loaded(file), Console(), Settings()
    url = gateway or f"http://{HOST}:{settings.gateway_port}"
    try:
        known = json.loads((tokens or settings.data / "tokens.json").read_text())
        if operator not in known:
            _fail(f"There is no token of {operator}: say with --operator who gives the order.")
        told = _send(url, known[operator], messages(operation, operator))
    except (OSError, ValueError, KeyError, httpx.HTTPError) as error:
        _fail(f"{url} could not be told: {error!r}")
    for service, answer in zip(DECIDING_SERVICES, told, strict=True):
        console.print(f"  {service}: {outcome(answer)}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(each["status"] == 200 and in_force(each) for each in told) else 1)


def _send(url: str, token: str, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The gateway's answers, in the order of the orders."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/cloudevents-batch+json",
        "Prefer": f"wait={WAIT_SECONDS}",
    }
    with httpx.Client(timeout=WAIT_SECONDS + 10, trust_env=False) as client:
        answer = client.post(f"{url}/v1/messages", content=msgspec.json.encode(orders), headers=headers)
    if answer.status_code != 200:
        raise ValueError(f"{answer.status_code}: {answer.text[:300]}")
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def in_force(answer: Mapping[str, Any]) -> bool:
    """Whether the order was given effect, now or when it first came."""
    decided = answer.get("outcome") or {}
    first = decided.get("first") or {}
    return "accepted" in (decided.get("kind"), first.get("kind"))


def outcome(answer: Mapping[str, Any]) -> str:
    """What became of one order, in words."""
    decided = answer.get("outcome")
    if decided is None:
        return f"{answer['status']} {answer.get('detail', 'not decided yet; apply it again')}"
    kind: str = decided["kind"]
    if kind == "repeated":
        first = (decided.get("first") or {}).get("kind", "not known")
        return f"repeated: it came before, and was {first}"
    return kind if kind == "accepted" else f"{kind}: {answer.get('detail', '')}"


def _loaded(file: Path) -> Operation:
    try:
        return load(file)
    except OperationError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print(message, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)
