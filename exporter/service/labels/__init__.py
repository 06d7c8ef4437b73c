"""Labels in a refresh: both logs are read and joined, predictions are evaluated, estimators are fitted."""
