"""What goes wrong."""

from pickle_migrate import versioned


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class SensorFault(Exception):  # noqa: N818 - its name since release 1
    """An instrument gave no usable value. Up to release 4.1 the code stood before the message."""

    def __init__(self, message, code, serial_number=None):
        super().__init__(message, code)
        self.serial_number = serial_number


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class SensorSilent(SensorFault):
    """An instrument has not been heard of for some minutes."""

    minutes = 0
