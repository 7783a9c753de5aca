#!/bin/sh
# Publishes the reports on stdin (JSON lines) over Kafka, each a whole CloudEvent, and asks what became of them.
set -eu
reports=$(cat)
printf '%s\n' "$reports" |
  kcat -P -b "$KALIMAYA_KAFKA" -t "agency.$KALIMAYA_AGENCY" -X acks=all \
    -H content-type=application/cloudevents+json
printf '%s\n' "$reports" | sed 's/.*"specversion":"1.0","id":"\([^"]*\)".*/\1/' | "$(dirname "$0")/../curl/outcomes.sh"
