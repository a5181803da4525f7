"""Defaults without a migration: missing fields are filled, unknown ones kept and written again."""
