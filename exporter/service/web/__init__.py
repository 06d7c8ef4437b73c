"""HTTP: connections, TLS and users, which form a client accepts, and the status page."""
