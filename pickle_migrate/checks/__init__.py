"""The check: the question that CI asks, and its answer as data. Nothing is printed here."""
