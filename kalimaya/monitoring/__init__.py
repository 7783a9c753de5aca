"""What our processes tell Prometheus, as a page (docs/metrics.md) and as dashboards (deploy/grafana/dashboards).

Alerts are not made from here: they are written by hand in deploy/prometheus, and tests hold them to these metrics.
"""
