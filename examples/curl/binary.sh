#!/bin/sh
# Sends one report with the attributes of the CloudEvent as headers and its data as the body.
set -eu
answer=$(
  curl --silent --show-error "$KALIMAYA_GATEWAY/v1/messages" \
    --header "Authorization: Bearer $KALIMAYA_TOKEN" \
    --header 'Content-Type: application/json' \
    --header 'ce-specversion: 1.0' \
    --header "ce-id: arrival-$(date +%s%N)" \
    --header 'ce-source: examples' \
    --header 'ce-type: kalimaya.unit.arrived' \
    --header "ce-time: $(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --header 'Prefer: wait=10' \
    --retry 5 --retry-connrefused \
    --data '{"unit": "polres-serang-001", "post": "36.04.13.2009"}'
)
printf '%s\n' "$answer"
case $answer in *'"outcome":{"kind":"accepted"'* | *'"outcome":{"kind":"repeated"'*) ;; *) exit 1 ;; esac
