"""Tables: BigQuery, Athena, Delta and Iceberg, which know their own rows by time."""
