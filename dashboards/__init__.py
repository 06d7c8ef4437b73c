"""The Grafana dashboards, built with grafanalib and normalised."""
