"""What holds for all tests."""

from __future__ import annotations

import hypothesis

# No test measures time: a busy machine must not fail one.
hypothesis.settings.register_profile("project", deadline=None, print_blob=True)
hypothesis.settings.load_profile("project")
