"""The classes of stand-in classes, and that plain pickle refuses them."""

import pickle

import pytest

from pickle_migrate.errors import ShimError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_types import (
    ConstructorShimType,
    ExtensionShimType,
    GetattrShimType,
    NestedShimType,
    ShimType,
)
from pickle_migrate.shims_world import World


def test_each_global_has_the_type_that_it_needs():
    """By name alone, in Python 2's spelling too."""
    world = World()
    for module in ("copyreg", "copy_reg"):
        for name in ("_reconstructor", "__newobj__", "__newobj_ex__"):
            assert type(world.find(module, name)) is ConstructorShimType
    for module in ("builtins", "__builtin__"):
        assert type(world.find(module, "getattr")) is GetattrShimType
    assert type(world.find("m", "getattr")) is ShimType
    assert type(world.extension(7)) is ExtensionShimType
    nested = world.nested(world.getattr, world.find("m", "O"), "I")
    assert (type(nested), nested.ref) == (NestedShimType, GlobalRef("m", "O.I"))


@pytest.mark.parametrize("protocol", range(6))
def test_plain_pickle_refuses_each_of_them(protocol):
    """It would write a name that means nothing elsewhere."""
    world = World()
    nested = world.nested(world.getattr, world.find("m", "O"), "I")
    for cls in (world.find("m", "C"), world.find("copyreg", "__newobj__"), nested):
        with pytest.raises(ShimError, match=r"shims\.dumps"):
            pickle.dumps(cls, protocol)


def test_classes_show_what_they_stand_for():
    """Escaped and cut, as a pickle chooses its names."""
    assert repr(World().find("m", "C")) == "<shim class m:C>"
    assert "\x1b" not in repr(World().find("m", "\x1b[31m"))
    assert len(repr(World().find("m", "x" * 999))) < 120
