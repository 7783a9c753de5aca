#!/bin/sh
# Publishes one report over Kafka with the attributes of the CloudEvent as headers and its data as the value.
set -eu
id="arrival-$(date +%s%N)"
printf '{"unit": "polres-serang-001", "post": "36.04.13.2009"}' |
  kcat -P -b "$KALIMAYA_KAFKA" -t "agency.$KALIMAYA_AGENCY" -X acks=all \
    -H content-type=application/json \
    -H ce_specversion=1.0 \
    -H "ce_id=$id" \
    -H ce_source=examples \
    -H ce_type=kalimaya.unit.arrived \
    -H "ce_time=$(date -u +%Y-%m-%dT%H:%M:%SZ)"
echo "$id" | "$(dirname "$0")/../curl/outcomes.sh"
