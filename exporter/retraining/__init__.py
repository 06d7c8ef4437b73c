"""The retraining hook: `hook` decides for each notification whether a pipeline starts; `gate` is one condition."""
