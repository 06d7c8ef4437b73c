"""What a window is compared with: the reference by hour of the week, its columns, and its past weeks."""
