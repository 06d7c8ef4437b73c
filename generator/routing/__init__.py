"""A model of Alertmanager as pure functions: routes, groups, hours, inhibition; for tests that amtool does not have."""
