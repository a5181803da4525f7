"""skywatch (weatherlog up to release 3): a club of weather observers keeps its records."""

__version__ = "5.0"
