"""Where rows are stored: a source lists its partitions with their fingerprints, and reads them."""
