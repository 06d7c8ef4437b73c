"""The `leeway` command: generates rules, routes and dashboards from specs, and tests them."""
