"""Tables: BigQuery, Athena, Redshift, Delta and Iceberg, which know their own rows by time."""
