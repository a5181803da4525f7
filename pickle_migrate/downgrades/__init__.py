"""Writing what an older release can read: the steps backward, and who asks for them."""
