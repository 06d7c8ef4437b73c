"""Tables: BigQuery, Delta and Iceberg, which know their own rows by time."""
