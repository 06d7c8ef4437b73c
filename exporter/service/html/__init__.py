"""The pages that the exporter serves to people: their frame, and the runbooks."""
