"""Lineages for classes that nobody here owns: their pickles are changed before they are loaded."""
