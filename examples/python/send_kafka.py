"""Publishes the reports on stdin (CloudEvents as JSON lines) over Kafka and asks what became of each.

With --binary the attributes go as headers and the data as the value; otherwise each value is the whole CloudEvent.
Exit code 1 unless every report was accepted.
"""

import json
import os
import sys
import time
from typing import Any

import httpx
from confluent_kafka import KafkaError, Message, Producer

AGENCY = os.environ["KALIMAYA_AGENCY"]
PATIENCE = 30.0
"""Seconds to wait for Kafka's acknowledgements, and then for the outcomes."""


def structured(event: dict[str, Any]) -> dict[str, Any]:
    """The CloudEvent as one JSON value."""
    return {"value": json.dumps(event), "headers": {"content-type": "application/cloudevents+json"}}


def binary(event: dict[str, Any]) -> dict[str, Any]:
    """The attributes as headers, the data as the value."""
    attributes = {f"ce_{name}": value for name, value in event.items() if name != "data"}
    return {"value": json.dumps(event["data"]), "headers": {"content-type": "application/json", **attributes}}


def publish(events: list[dict[str, Any]], form: Any) -> None:
    """Publish in order; ends the program when Kafka did not acknowledge all."""
    failed: list[str] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(str(error))

    # Idempotence: all in-sync replicas acknowledge, and a retry neither doubles nor overtakes.
    producer = Producer({"bootstrap.servers": os.environ["KALIMAYA_KAFKA"], "enable.idempotence": True})
    for event in events:
        producer.produce(f"agency.{AGENCY}", on_delivery=delivered, **form(event))
        producer.poll(0)
    waiting = producer.flush(PATIENCE)
    if waiting or failed:
        sys.exit(f"{waiting + len(failed)} not acknowledged; publish the same reports again: {failed[:1]}")


def outcome(client: httpx.Client, id_: str, deadline: float) -> str:
    """What became of a report: the kind of its first outcome, or "unknown" at the deadline."""
    while True:
        answer = client.get("/v1/messages", params={"source": f"/agencies/{AGENCY}", "id": id_})
        if answer.status_code == httpx.codes.OK:
            return str(answer.json()["outcomes"][0]["kind"])
        if time.monotonic() > deadline:
            return "unknown"  # perhaps it could not be read: see /v1/unreadable
        time.sleep(0.2)


def main() -> None:
    """Publish all, print one line a report."""
    events = [json.loads(line) for line in sys.stdin]
    publish(events, binary if "--binary" in sys.argv else structured)
    deadline = time.monotonic() + PATIENCE
    kinds = []
    token = {"Authorization": f"Bearer {os.environ['KALIMAYA_TOKEN']}"}
    with httpx.Client(base_url=os.environ["KALIMAYA_PICTURE"], headers=token) as client:
        for event in events:
            kinds.append(outcome(client, event["id"], deadline))
            print(event["id"], kinds[-1])
    sys.exit(any(kind != "accepted" for kind in kinds))


if __name__ == "__main__":
    main()
