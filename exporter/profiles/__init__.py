"""Additive summaries of partitions: the kernel, the store on disk, the reference."""
