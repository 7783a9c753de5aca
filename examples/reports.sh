#!/bin/sh
# Prints reports as JSON lines (3, or as many as told): positions of units, each with an id of its own and the time now.
set -eu
began=$(date +%s%N)
for n in $(seq "${1:-3}"); do
  printf '{"specversion":"1.0","id":"sighting-%s-%s","source":"examples","type":"kalimaya.unit.sighted",' "$began" "$n"
  printf '"time":"%s","data":{"unit":"polres-serang-%03d","lat":-6.12,"lon":106.15,"accuracy":8.0}}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$n"
done
