"""Old pickles of libraries, read by their releases of today: before and after an upgrade."""
