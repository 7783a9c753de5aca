#!/bin/sh
# Sends one report, the whole CloudEvent as the body, and waits up to 10 s for its outcome.
set -eu
answer=$(
  curl --silent --show-error "$KALIMAYA_GATEWAY/v1/messages" \
    --header "Authorization: Bearer $KALIMAYA_TOKEN" \
    --header 'Content-Type: application/cloudevents+json' \
    --header 'Prefer: wait=10' \
    --retry 5 --retry-connrefused \
    --data @- <<MESSAGE
{
  "specversion": "1.0",
  "id": "sighting-$(date +%s%N)",
  "source": "examples",
  "type": "kalimaya.unit.sighted",
  "dataschema": "urn:kalimaya:schema:unit.sighted:1",
  "time": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "data": {"unit": "polres-serang-001", "lat": -6.12, "lon": 106.15, "accuracy": 8.0}
}
MESSAGE
)
printf '%s\n' "$answer"
case $answer in *'"outcome":{"kind":"accepted"'* | *'"outcome":{"kind":"repeated"'*) ;; *) exit 1 ;; esac
