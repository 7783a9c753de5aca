"""`make bench-latency`: from the start of a POST to the moment that the picture shows it, on a running idle system.

Start the system first (`make run SCENARIO=none`). Each message is published without waiting for its outcome, and the
picture is then asked, by `min_position`, to answer once it has it: what a person sees who publishes and reads.
"""

import argparse
import json
import uuid
from statistics import median, quantiles
from time import perf_counter, sleep

import httpx

from kalimaya.settings import HOST, Settings


def measure(count: int) -> list[float]:
    """Seconds from POST to picture, for each of `count` messages one after the other."""
    settings = Settings()
    token = json.loads((settings.data / "tokens.json").read_text())["polres-serang"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    gateway, picture = f"http://{HOST}:{settings.gateway_port}", f"http://{HOST}:{settings.picture_port}"
    taken = []
    with httpx.Client(timeout=15) as client:
        for _ in range(count):
            event = {
                "specversion": "1.0",
                "id": str(uuid.uuid4()),
                "source": "bench",
                "type": "kalimaya.unit.sighted",
                "data": {"unit": "polres-serang-999", "lat": -6.1, "lon": 106.2},
            }
            started = perf_counter()
            told = client.post(f"{gateway}/v1/messages", json=event, headers=headers)
            told.raise_for_status()
            position = told.headers["kalimaya-position"]
            reached: dict[str, str | int] = {"min_position": position, "wait": 10}
            seen = client.get(f"{picture}/v1/units/polres-serang-999", params=reached, headers=headers)
            seen.raise_for_status()
            taken.append(perf_counter() - started)
            sleep(0.05)
    return taken


def main() -> None:
    """Measure and print, in milliseconds."""
    options = argparse.ArgumentParser(description="publish to picture, in milliseconds")
    options.add_argument("--count", type=int, default=100)
    taken = [seconds * 1000 for seconds in measure(options.parse_args().count)]
    print(f"publish to picture, {len(taken)} messages one after the other, idle system:")
    print(f"  p50 {median(taken):.0f} ms   p99 {quantiles(taken, n=100)[98]:.0f} ms   most {max(taken):.0f} ms")


if __name__ == "__main__":
    main()
