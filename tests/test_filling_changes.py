"""Which changes need no new version, because the class fills."""

import dataclasses

import pytest

from pickle_migrate import Registry, versioned
from pickle_migrate.filling.changes import allows

registry = Registry()


@versioned(1, fill=True, registry=registry)
@dataclasses.dataclass
class Filled:
    a: int
    b: int = 0


@versioned(1, registry=registry)
@dataclasses.dataclass
class Strict:
    a: int
    b: int = 0


@pytest.mark.parametrize(
    ("cls", "kind", "name", "expected"),
    [
        (Filled, "added", "b", True),
        (Filled, "added", "a", False),
        (Filled, "removed", "c", True),
        (Filled, "type", "b", False),
        (Filled, "state", "", False),
        (Strict, "added", "b", False),
        (Strict, "removed", "c", False),
        (int, "removed", "c", False),
    ],
)
def test_fields_with_defaults_may_come_and_any_may_go(cls, kind, name, expected):
    assert allows(cls, kind, name) is expected
