"""The flags of `leeway backtest`, `explain` and `retrain-hook`, and what each runs."""
