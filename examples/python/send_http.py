"""Sends the reports on stdin (CloudEvents as JSON lines) over HTTP; exit code 1 unless every one was accepted."""

import json
import os
import sys
import time
from typing import Any

import httpx

BATCH = 500
DELAYS = (1, 2, 4, 8, 15, 30)
"""Seconds before each further try."""


def send(client: httpx.Client, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One answer for each event. Whatever goes wrong on the way, the same events with the same ids are sent again."""
    for delay in (*DELAYS, None):
        try:
            answer = client.post("/v1/messages", content=json.dumps(events))
            if answer.status_code < 500:
                answer.raise_for_status()  # a batch has a 4xx only if none of it could be read or the token is wrong
                results: list[dict[str, Any]] = answer.json()["results"]
                if all(each["status"] < 500 for each in results):
                    return results
        except httpx.TransportError as error:
            print(f"on the way: {error!r}", file=sys.stderr)
        if delay is None:
            sys.exit("the gateway could not be reached; keep the reports and send them later")
        time.sleep(delay)
    raise AssertionError


def main() -> None:
    """Send all, print one line a report."""
    events = [json.loads(line) for line in sys.stdin]
    headers = {
        "Authorization": f"Bearer {os.environ['KALIMAYA_TOKEN']}",
        "Content-Type": "application/cloudevents-batch+json",
        "Prefer": "wait=20",
    }
    lost = 0
    with httpx.Client(base_url=os.environ["KALIMAYA_GATEWAY"], headers=headers, timeout=40) as client:
        for begin in range(0, len(events), BATCH):
            batch = events[begin : begin + BATCH]
            for event, result in zip(batch, send(client, batch), strict=True):
                # 202: taken in for certain, and its outcome was not known within the 20 s; its Location tells later.
                told = result.get("outcome") or {"kind": result.get("detail", "not decided yet")}
                print(event["id"], result["status"], told["kind"], result.get("reason", ""))
                lost += result["status"] != 200
    sys.exit(lost > 0)


if __name__ == "__main__":
    main()
