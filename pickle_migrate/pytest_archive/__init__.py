"""What the pytest plugin does when it is in use: items, samples and fixtures."""
