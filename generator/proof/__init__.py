"""The proof of the rules: promtool tests of every alert, made from the scenarios beside it in `rules/`."""
