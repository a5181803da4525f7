"""The lock: the schemas of all versions that ever were, in a file of the repository."""
