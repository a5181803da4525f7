"""Fields that a pickle has not, filled from the class's own defaults; others kept aside."""
