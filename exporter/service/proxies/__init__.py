"""Proxy metrics in a refresh: sums of columns and PromQL queries, by partition."""
