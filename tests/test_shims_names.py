"""The module that answers for stand-in classes while the C pickler asks."""

import gc

import pytest

from pickle_migrate import shims_names
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_types import ShimType
from pickle_migrate.shims_world import World


def test_every_class_is_found_under_its_own_name():
    """As pickle looks for it: by module and qualified name."""
    cls = World().new(ShimType, GlobalRef("m", "C"))
    assert cls.__module__ == shims_names.__name__
    assert getattr(shims_names, cls.__qualname__) is cls
    assert shims_names.class_of(cls.__qualname__) is cls
    assert len(cls.__qualname__) == shims_names.LENGTH
    assert cls.__qualname__.startswith(shims_names.PREFIX)


def test_names_go_with_their_classes():
    """A graph that is gone leaves nothing behind."""
    token = World().new(ShimType, GlobalRef("m", "C")).__qualname__
    gc.collect()
    assert shims_names.class_of(token) is None
    with pytest.raises(AttributeError, match="no attribute"):
        getattr(shims_names, token)
