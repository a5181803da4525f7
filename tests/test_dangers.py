"""Names that no data needs, with what they can do; and names that data does need."""

from __future__ import annotations

import time

import pytest

from pickle_migrate import policy
from pickle_migrate.dangers import danger_of
from pickle_migrate.refs import GlobalRef

DANGEROUS = """
os:system posix:system nt:system subprocess:Popen builtins:eval builtins:exec builtins:getattr
builtins:__import__ builtins:compile runpy:run_path ctypes:CDLL socket:socket
importlib:import_module pty:spawn marshal:loads types:FunctionType types:CodeType
functools:partial operator:attrgetter
operator:methodcaller pickle:loads shutil:rmtree timeit:timeit pip:main webbrowser:open sys:exit
code:InteractiveInterpreter bdb:Bdb cProfile:run asyncio.unix_events:_UnixSubprocessTransport
builtins:open io:open torch.serialization:load urllib.request:urlopen _posixsubprocess:fork_exec
idlelib.pyshell:ModifiedInterpreter.runcommand logging:FileHandler numpy:load pandas:read_pickle
"""


@pytest.mark.parametrize("name", DANGEROUS.split())
def test_dangerous_names_are_known_and_refused(name):
    """The command's own policy allows none of them."""
    ref = GlobalRef.parse(name)
    assert danger_of(ref)
    assert not policy.for_command().verdict(ref, "named").allowed


@pytest.mark.parametrize(
    "name",
    [
        "shop:Order",
        "os_tools:system",
        "http.cookies:SimpleCookie",
        "io:BytesIO",
        "joblib.numpy_pickle:NumpyArrayWrapper",
        "logging:getLogger",
        "torch._utils:_rebuild_tensor_v2",
    ],
)
def test_other_names_are_no_danger(name):
    """They may be refused; nothing says that they are dangerous."""
    assert danger_of(GlobalRef.parse(name)) is None


@pytest.mark.parametrize(
    "name",
    [
        "shop:os.system",
        "shop.models:Order.__class__",
        "shop:Order.__init__.__globals__",
        "builtins:eval.__call__",
        "shop:helpers.subprocess.Popen",
    ],
)
def test_what_is_reached_through_dots_is_as_dangerous(name):
    """A module that another one imported, and attributes with double underscores."""
    assert danger_of(GlobalRef.parse(name))


def test_long_names_cost_little():
    """A hundred thousand dots are no reason to wait."""
    begin = time.process_time()
    danger_of(GlobalRef("a." * 100_000, "b." * 100_000))
    assert time.process_time() - begin < 5
