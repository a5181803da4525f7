"""Writing what an earlier release can read: the way back, whether it is open, and the reducers."""
