"""Labels in a refresh: both logs are read, joined, and judged; estimators are fitted."""
