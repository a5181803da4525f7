"""Schema evolution and migration for pickled Python objects."""
