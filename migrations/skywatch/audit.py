"""Who changed what: a base that release 5 put under classes that had none."""

from pickle_migrate import versioned


@versioned(1, unstamped=1)
class Audited:
    """Remembers who changed it last, or None."""

    changed_by = None

    def sign(self, who):
        self.changed_by = who
