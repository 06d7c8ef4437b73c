"""What Alertmanager decides, as a pure model: routes, groups, hours and inhibition, for what amtool cannot ask."""
