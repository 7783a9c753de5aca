# Where the examples send to and what proves who sends. Source it in the folder of the project: . examples/env.sh
# It says so for the embedded system (make run SCENARIO=none); another one gives you four addresses and a token.
export KALIMAYA_AGENCY="${KALIMAYA_AGENCY:-polres-serang}"
export KALIMAYA_GATEWAY="${KALIMAYA_GATEWAY:-http://127.0.0.1:${KALIMAYA_GATEWAY_PORT:-8001}}"
export KALIMAYA_PICTURE="${KALIMAYA_PICTURE:-http://127.0.0.1:${KALIMAYA_PICTURE_PORT:-8000}}"
export KALIMAYA_KAFKA="${KALIMAYA_KAFKA:-127.0.0.1:${KALIMAYA_KAFKA_PORT:-9092}}"
export KALIMAYA_TOKEN="${KALIMAYA_TOKEN:-$(
  sed -n "s/^ *\"$KALIMAYA_AGENCY\": *\"\([^\"]*\)\".*/\1/p" "${KALIMAYA_DATA:-.kalimaya}/tokens.json"
)}"
