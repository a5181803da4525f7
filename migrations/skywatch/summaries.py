"""What the club publishes. Release 5 exchanged the two names."""

from pickle_migrate import versioned


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Digest:
    """The text of one day. Bulletin up to release 4.1."""

    def __init__(self, day, text, language="en"):
        self.day = day
        self.text = text
        self.language = language


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Bulletin:
    """Several digests under one title. Digest up to release 4.1."""

    def __init__(self, title, digests):
        self.title = title
        self.digests = digests
