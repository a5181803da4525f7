"""A class that says ``fill=True`` may change its fields in the lock, under the same version."""

import dataclasses

import pytest

from pickle_migrate import Registry, versioned
from pickle_migrate.lock.filled import filled
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef

REF = GlobalRef("shop", "Order")


def lock(*fields):
    version = LockedVersion(1, tuple((name, "int") for name in fields), None, "dict")
    return Lock((LockedClass(REF, (version,)),))


@pytest.mark.parametrize(
    ("fill", "before", "expected"),
    [
        (True, ("a",), {REF}),
        (True, ("a", "b", "gone"), {REF}),
        (True, ("b",), set()),  # a has no default
        (True, ("a", "b"), set()),
        (False, ("a",), set()),
    ],
)
def test_fields_with_defaults_may_come_and_any_may_go(fill, before, expected):
    registry = Registry()
    body = {"__annotations__": {"a": int, "b": int}, "b": 0, "__module__": "shop"}
    cls = dataclasses.dataclass(type("Order", (), body))
    versioned(1, fill=fill, registry=registry)(cls)
    assert filled(lock(*before), lock("a", "b"), registry) == expected
