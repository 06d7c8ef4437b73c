"""The retraining hook: it receives Alertmanager's notifications and starts at most one pipeline per incident."""
