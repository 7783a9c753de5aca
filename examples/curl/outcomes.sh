#!/bin/sh
# Tells what became of the messages whose ids stand on stdin, one line each; exit code 1 unless every one was accepted.
set -eu
ids=$(cat)
answers=$(
  {
    printf 'header = "Authorization: Bearer %s"\n' "$KALIMAYA_TOKEN"
    printf '%s\n' "$ids" | sed "s|.*|url = \"$KALIMAYA_PICTURE/v1/messages?source=/agencies/$KALIMAYA_AGENCY\&id=&\"|"
  } | curl --silent --fail --retry 20 --retry-delay 1 --retry-all-errors --write-out '\n' --config - || true
)
printf '%s\n' "$answers"
asked=$(printf '%s\n' "$ids" | wc -l)
accepted=$(printf '%s\n' "$answers" | grep -c '"outcomes":\[{"kind":"accepted"' || true)
[ "$accepted" -eq "$asked" ]
