"""The running exporter: refresh, snapshot, server."""
