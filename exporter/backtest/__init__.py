"""Replay of a past period of a log: which alerts fire, and which injected faults they detect."""
