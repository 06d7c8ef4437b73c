"""A past stretch of a log, evaluated by the exporter's code: which alerts fire, which injected faults are seen."""
