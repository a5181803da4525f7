"""Packs: the rules for old pickles of well-known libraries, one module for each library."""
