"""What is on the four dashboards, and why it is looked at together.

Rates are taken over Grafana's own interval, objectives from the recording rules, so that a panel and an alert agree.
"""

from kalimaya.monitoring.panels import Dashboard, Panel

_RATE = "[$__rate_interval]"
_DECIDERS = "deployment, logistics, incidents"


def _rate(metric: str, *by: str) -> str:
    grouped = f" by ({', '.join(by)})" if by else ""
    return f"sum{grouped} (rate({metric}{_RATE}))"


def _quantiles(histogram: str, *by: str) -> dict[str, str]:
    legend = " ".join(f"{{{{{label}}}}}" for label in by)
    bucket = _rate(f"{histogram}_bucket", "le", *by)
    return {f"histogram_quantile({q}, {bucket})": f"p{q * 100:g} {legend}".strip() for q in (0.5, 0.99)}


def _stat(title: str, query: str, unit: str = "short", red: float | None = None) -> Panel:
    return Panel(title, {query: ""}, unit, "stat", 4, red)


_AGENCIES_HEARD = 'sum by (source) (increase(kalimaya_gateway_heard_total{source=~"/agencies/.+"}[15m]))'
_UNDECIDED = {"max by (service) (kalimaya_undecided_age_seconds)": "{{service}}"}
_UNPROJECTED = {"max(kalimaya_unprojected_age_seconds)": "read model"}
_UNACCOUNTED = "abs(sum(kalimaya_messages_received) - sum(kalimaya_messages) - sum(kalimaya_messages_in_flight))"

POSKO = Dashboard(
    "kalimaya-posko",
    "Kalimaya: posko",
    {
        "Can the picture be trusted now?": [
            _stat("Picture is behind by", "max(kalimaya_unprojected_age_seconds)", "s", 10),
            _stat("Oldest message undecided", "max(kalimaya_undecided_age_seconds)", "s", 10),
            _stat("Late in the last hour", "kalimaya:late:ratio_rate1h", "percentunit", 0.001),
            _stat("Processes that do not answer", 'count(up{job="kalimaya"} == 0) or vector(0)', red=1),
            _stat("Watches that look", "count(kalimaya_watch_ticking == 1) or vector(0)"),
            _stat("Messages unaccounted for", _UNACCOUNTED, red=1),
            Panel(
                "Alerts of the system",
                {'ALERTS{alertstate="firing"}': ""},
                kind="table",
                width=12,
            ),
            Panel(
                "Alerts of the operation that stand, by rule",
                {"sum by (rule) (kalimaya_watch_alerts_standing) > 0": "{{rule}}"},
                width=12,
            ),
        ],
        "What comes in, and what becomes of it": [
            Panel("Messages taken in", {_rate("kalimaya_gateway_heard_total"): "messages a second"}, "reqps"),
            Panel("Outcomes so far", {"sum by (outcome) (kalimaya_messages)": "{{outcome}}"}),
            Panel("In flight", {"sum by (service) (kalimaya_messages_in_flight)": "{{service}}"}),
            Panel(
                "Agencies heard in the last quarter of an hour",
                {f"count({_AGENCIES_HEARD} > 0)": "agencies"},
            ),
            Panel("Readers of the changes", {"sum(kalimaya_changes_readers)": "readers"}),
            Panel(
                "Time to picture: late", {f"kalimaya:late:ratio_rate{w}": w for w in ("5m", "1h", "6h")}, "percentunit"
            ),
        ],
    },
)

FLOW = Dashboard(
    "kalimaya-flow",
    "Kalimaya: flow and lag",
    {
        "Objective: 99.9 % in the picture within 2 s": [
            Panel(
                "Late, by window",
                {f"kalimaya:late:ratio_rate{w}": w for w in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")},
                "percentunit",
            ),
            Panel("Oldest message undecided", _UNDECIDED, "s"),
            Panel("Oldest event not in the picture", _UNPROJECTED, "s"),
            Panel("Canaries: from sending to the picture", _quantiles("kalimaya_canary_seconds", "service"), "s"),
            Panel(
                "Canaries lost in a quarter of an hour",
                {"sum by (service, where) (increase(kalimaya_canary_lost_total[15m]))": "{{service}} at the {{where}}"},
            ),
        ],
        "Gateway": [
            Panel("Requests, by status", {_rate("kalimaya_gateway_requests_total", "status"): "{{status}}"}, "reqps"),
            Panel("Messages taken in by HTTP, by type", {_rate("kalimaya_gateway_messages_total", "type"): "{{type}}"}),
            Panel("Until Kafka acknowledged", _quantiles("kalimaya_gateway_ack_seconds"), "s"),
            Panel("Held in memory", {"sum(kalimaya_gateway_held_bytes)": "bodies"}, "bytes"),
            Panel("Requests that wait for an outcome", {"sum(kalimaya_gateway_waiting)": "requests"}),
            Panel("Agencies' topics: not read yet", {"sum by (topic) (kalimaya_gateway_agency_waiting)": "{{topic}}"}),
        ],
        f"Deciding: {_DECIDERS}": [
            Panel("Answered", {_rate("kalimaya_answered_total", "service"): "{{service}}"}, "reqps"),
            Panel("In flight", {"sum by (service) (kalimaya_messages_in_flight)": "{{service}}"}),
            Panel("Deciding one message", _quantiles("kalimaya_decision_seconds", "service"), "s"),
            Panel("Messages in one append", _quantiles("kalimaya_batch_messages", "service")),
            Panel("Deciding raised", {_rate("kalimaya_poison_total", "service"): "{{service}}"}),
            Panel("Partitions stopped", {"sum by (service) (kalimaya_partition_stopped)": "{{service}}"}),
        ],
        "Read model": [
            Panel("Answers projected", {_rate("kalimaya_projected_answers_total"): "answers"}, "reqps"),
            Panel("Events projected", {_rate("kalimaya_projected_events_total", "service"): "{{service}}"}, "reqps"),
            Panel("One batch", _quantiles("kalimaya_projection_batch_seconds"), "s"),
            Panel("Answering a request", _quantiles("kalimaya_picture_request_seconds", "path"), "s"),
            Panel("Partitions stopped", {"sum by (service) (kalimaya_projection_stopped)": "{{service}}"}),
            Panel("Readers dropped", {_rate("kalimaya_changes_dropped_readers_total", "reason"): "{{reason}}"}),
        ],
        "Watches": [
            Panel(
                "Since the last whole look", {"min by (service) (kalimaya_watch_tick_age_seconds)": "{{service}}"}, "s"
            ),
            Panel("One look at the rules", _quantiles("kalimaya_watch_tick_seconds", "service"), "s"),
            Panel("Answers followed", {_rate("kalimaya_watch_answers_total", "service"): "{{service}}"}),
            Panel("Messages sent", {_rate("kalimaya_watch_sent_total", "service", "type"): "{{service}} {{type}}"}),
            Panel("Errors", {_rate("kalimaya_watch_errors_total", "service", "kind"): "{{service}} {{kind}}"}),
            Panel(
                "Tables folded anew, answers left out",
                {
                    _rate("kalimaya_watch_refolds_total", "service"): "{{service}} folds a second",
                    "sum by (service) (kalimaya_watch_left_out_answers)": "{{service}} left out",
                },
            ),
        ],
        "Processes": [
            Panel("Processor", {_rate("process_cpu_seconds_total", "process"): "{{process}}"}, "percentunit"),
            Panel("Memory", {"sum by (process) (process_resident_memory_bytes)": "{{process}}"}, "bytes"),
            Panel("Open files", {"sum by (process) (process_open_fds)": "{{process}}"}),
        ],
    },
)

ENGINES = Dashboard(
    "kalimaya-engines",
    "Kalimaya: Kafka and PostgreSQL, as our processes see them",
    {
        "Kafka: writing": [
            Panel("Gateway: until acknowledged", _quantiles("kalimaya_gateway_ack_seconds"), "s"),
            Panel("Deciders: until acknowledged", _quantiles("kalimaya_append_seconds", "service"), "s"),
            Panel(
                "Deciders: folds begun, by reason",
                {_rate("kalimaya_reloads_total", "service", "reason"): "{{service}} {{reason}}"},
            ),
            Panel("Records that do not count", {"sum by (service) (kalimaya_void_records)": "{{service}}"}),
        ],
        "Kafka: reading and membership": [
            Panel(
                "Partitions without an owner",
                {"sum by (service) (sum by (service, partition) (kalimaya_partition_owned) == bool 0)": "{{service}}"},
            ),
            Panel("Watches: partitions owned", {"sum by (service) (kalimaya_watch_partitions)": "{{service}}"}),
            Panel(
                "Watches: Kafka did not answer",
                {'sum by (service) (rate(kalimaya_watch_errors_total{kind="kafka"}[$__rate_interval]))': "{{service}}"},
            ),
            Panel(
                "Watches: records that the stream did not bring",
                {_rate("kalimaya_watch_filled_records_total", "service"): "{{service}}"},
            ),
            Panel("Agencies' topics: not read yet", {"sum(kalimaya_gateway_agency_waiting)": "records"}),
            Panel(
                "Chains that do not fit",
                {
                    "sum by (service) (kalimaya_chain_alarms)": "decider {{service}}",
                    "sum by (service) (kalimaya_projection_chain_alarms)": "projection {{service}}",
                },
            ),
        ],
        "PostgreSQL": [
            Panel("One batch, folded and committed", _quantiles("kalimaya_projection_batch_seconds"), "s"),
            Panel(
                "Read on from the stored positions, by reason",
                {_rate("kalimaya_projection_restarts_total", "reason"): "{{reason}}"},
            ),
            Panel("Batches lost to a second writer", {_rate("kalimaya_projection_lost_batches_total"): "batches"}),
        ],
        "Disk": [
            Panel(
                "Free", {"kalimaya_disk_free_bytes / kalimaya_disk_size_bytes": "{{folder}}"}, "percentunit", width=12
            ),
            Panel("Free", {"kalimaya_disk_free_bytes": "{{folder}}"}, "bytes", width=12),
        ],
    },
)

_SOURCE = 'source=~"$source"'
_PROBLEMS = f'kalimaya_gateway_problems_total{{source=~"$source|nobody"}}{_RATE}'
AGENCIES = Dashboard(
    "kalimaya-agencies",
    "Kalimaya: agencies",
    {
        "Who is heard": [
            Panel(
                "Messages taken in, by source",
                {f"sum by (source) (rate(kalimaya_gateway_heard_total{{{_SOURCE}}}{_RATE}))": "{{source}}"},
                "reqps",
                width=12,
            ),
            Panel(
                "Messages in the last hour, by source",
                {f"sort_desc(sum by (source) (increase(kalimaya_gateway_heard_total{{{_SOURCE}}}[1h])))": ""},
                kind="table",
                width=12,
            ),
        ],
        "What is turned away": [
            Panel(
                "At the door, by source and problem",
                {f"sum by (source, problem) (rate({_PROBLEMS}))": "{{source}} {{problem}}"},
            ),
            Panel(
                "Unreadable on Kafka, by agency and reason",
                {_rate("kalimaya_gateway_unreadable_total", "agency", "reason"): "{{agency}} {{reason}}"},
            ),
            Panel("Unreadable, kept for /v1/unreadable", {_rate("kalimaya_projection_unreadable_total"): "records"}),
            Panel(
                "Not accepted, by service",
                {'sum by (service, outcome) (kalimaya_messages{outcome!="accepted"})': "{{service}} {{outcome}}"},
            ),
        ],
        "What agencies publish to Kafka": [
            Panel("Read, by topic", {_rate("kalimaya_gateway_agency_read_total", "topic"): "{{topic}}"}, "reqps"),
            Panel("Taken in, by type", {_rate("kalimaya_gateway_agency_taken_total", "type"): "{{type}}"}, "reqps"),
            Panel("Not read yet, by topic", {"sum by (topic) (kalimaya_gateway_agency_waiting)": "{{topic}}"}),
            _stat("Read and unaccounted for", "abs(sum(kalimaya_gateway_agency_unaccounted))", red=1),
        ],
    },
    variable=("source", "kalimaya_gateway_heard_total"),
)

DASHBOARDS = (POSKO, FLOW, ENGINES, AGENCIES)
