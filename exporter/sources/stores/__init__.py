"""Where files are: folders and object stores, listed by path templates and read side by side."""
