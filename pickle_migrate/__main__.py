"""``python -m pickle_migrate``: the same as the command ``pickle-migrate``."""

from pickle_migrate.cli import main

if __name__ == "__main__":
    main()
