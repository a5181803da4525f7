"""What the corpus's payloads reach for: it notes that it was reached, and does nothing else.

No test imports this module. It stands on the path of the process under test, so that a payload that
ran would be seen.
"""

touched = []


def touch(*args, **keywords):
    """Note a call."""
    touched.append("touch")


def give(*args):
    """Note a call, and give a text that names ``touch``."""
    touched.append("give")
    return "touch"


class Thing:
    """Notes whatever is done with it."""

    def __new__(cls, *args, **keywords):
        touched.append("__new__")
        return object.__new__(cls)

    def __init__(self, *args, **keywords):
        touched.append("__init__")

    def __call__(self, *args, **keywords):
        touched.append("__call__")

    def __setstate__(self, state):
        touched.append("__setstate__")

    def __setitem__(self, key, value):
        touched.append("__setitem__")

    def __hash__(self):
        touched.append("__hash__")
        return 0

    def __eq__(self, other):
        touched.append("__eq__")
        return self is other

    def __del__(self):
        touched.append("__del__")

    def append(self, item):
        touched.append("append")

    def extend(self, items):
        touched.append("extend")

    def add(self, item):
        touched.append("add")

    def run(self, *args):
        touched.append("run")

    @staticmethod
    def static(*args):
        touched.append("static")


class Plain:
    """Has a ``__dict__`` and nothing else."""


class Slotted:
    """Has slots, one of which is a property that notes."""

    __slots__ = ("value",)

    @property
    def noted(self):
        """Notes that it was read."""
        touched.append("noted")

    @noted.setter
    def noted(self, value):
        touched.append("noted.setter")


class Meta(type):
    """Notes calls of its classes."""

    def __call__(cls, *args, **keywords):
        touched.append("Meta.__call__")
        return super().__call__(*args, **keywords)


class Made(metaclass=Meta):
    """A class whose metaclass notes."""


class Items(list):
    """A list that notes what is appended."""

    def append(self, item):
        touched.append("Items.append")

    def extend(self, items):
        touched.append("Items.extend")


class Table(dict):
    """A dict that notes what is set."""

    def __setitem__(self, key, value):
        touched.append("Table.__setitem__")


class Outer:
    """Has a class inside."""

    class Inner:
        """Notes that it is made."""

        def __init__(self, *args):
            touched.append("Inner")


box = Thing()
values = []
