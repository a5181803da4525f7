"""What changed in skywatch, release by release. Imported when the first old pickle turns up.

``names`` says what things were called. ``release_4_1`` and ``release_5`` hold the steps that each
of the two releases added; nothing of an older release is ever edited again.
"""

from skywatch_migrations import names, release_4_1, release_5

__all__ = ["names", "release_4_1", "release_5"]
