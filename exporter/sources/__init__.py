"""Where rows come from: a source lists its partitions with their fingerprints, and profiles one."""
