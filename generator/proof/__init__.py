"""What proves the rules: promtool's tests of every alert, made from the scenarios that stand beside it in `rules/`."""
