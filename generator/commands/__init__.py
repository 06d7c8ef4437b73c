"""The commands of `leeway`, one file each: its flags, and the function that runs it."""
