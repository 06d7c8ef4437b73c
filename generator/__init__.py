"""The build tool: specs in, named documents out."""
