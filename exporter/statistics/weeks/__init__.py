"""The reference's own weeks: past windows with the baseline of each, and the level that a day rarely exceeds."""
