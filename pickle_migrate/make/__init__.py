"""Migrations that are written for the user: what changed since the lock, as source code."""
