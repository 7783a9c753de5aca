#!/bin/sh
# Tells what your agency published over Kafka and nobody can read, the newest first; exit code 1 if there is any.
set -eu
found=$(
  curl --silent --show-error --fail-with-body --header "Authorization: Bearer $KALIMAYA_TOKEN" \
    "$KALIMAYA_PICTURE/v1/unreadable?agency=$KALIMAYA_AGENCY&limit=20"
)
printf '%s\n' "$found"
case $found in '{"items":[],'*) ;; *) exit 1 ;; esac
