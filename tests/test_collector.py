"""Pausing the cyclic garbage collector: counted, restored, and never against the program's will."""

import gc
import os
import pickle
import random
import sys
import threading

import pytest

from pickle_migrate import collector
from pickle_migrate.collector import paused


def is_paused():
    return gc.get_threshold()[0] > 10**9


@pytest.fixture(autouse=True)
def collector_as_before():
    """Each test begins with the collector on and 700 as its first threshold, and must end so."""
    before, enabled = gc.get_threshold(), gc.isenabled()
    gc.enable()
    gc.set_threshold(700, *before[1:])
    yield
    left_behind = gc.get_threshold()
    gc.set_threshold(*before)
    if not enabled:
        gc.disable()
    assert left_behind == (700, *before[1:])


def started_by_itself(make):
    """How often the collector started while make() ran."""
    starts = []

    def note(phase, info):
        if phase == "start":
            starts.append(info)

    gc.callbacks.append(note)
    try:
        make()
    finally:
        gc.callbacks.remove(note)
    return len(starts)


def test_does_not_start_inside_the_block():
    """Making many objects starts the collector outside the block and not inside it."""
    assert started_by_itself(lambda: [[] for _ in range(20_000)]) > 0
    with paused():
        assert started_by_itself(lambda: [[] for _ in range(20_000)]) == 0


def test_collects_when_asked_inside():
    """gc.collect() works inside the block: only starting by itself is paused."""
    with paused():
        cycle = []
        cycle.append(cycle)
        del cycle
        assert gc.collect() >= 1


def test_restores_after_an_exception():
    """The threshold comes back when the block raises, and the exception goes on."""
    with pytest.raises(ValueError, match="in the block"), paused():
        raise ValueError("in the block")
    assert not is_paused()


def test_nested_blocks_restore_once():
    """Only the outermost block restores."""
    with paused():
        with paused():
            assert is_paused()
        assert is_paused()
    assert not is_paused()


@pytest.mark.parametrize("enabled", [True, False])
def test_leaves_the_switch_alone(enabled):
    """A collector that was off stays off, one that was on stays on, inside and after."""
    if not enabled:
        gc.disable()
    with paused():
        assert gc.isenabled() == enabled
    assert gc.isenabled() == enabled
    gc.enable()


def test_disable_inside_holds_afterwards():
    """gc.disable() inside the block, here by an object being loaded, is not undone at its end."""
    with paused():
        pickle.loads(pickle.dumps(CallWhenLoaded("disable")))
    assert not gc.isenabled()
    gc.enable()


def test_enable_inside_holds_afterwards():
    """gc.enable() inside the block, when the collector was off: paused until the end, then on."""
    gc.disable()
    with paused():
        gc.enable()
        assert started_by_itself(lambda: [[] for _ in range(20_000)]) == 0
    assert gc.isenabled()


@pytest.mark.parametrize("theirs", [0, 5_000])
def test_threshold_set_inside_holds(theirs):
    """A threshold that the program sets inside the block is kept, zero (which means off) too."""
    with paused():
        gc.set_threshold(theirs)
    assert gc.get_threshold()[0] == theirs
    gc.set_threshold(700)


def test_threshold_read_inside_and_put_back_later():
    """Code that reads the threshold inside a block and puts it back after cannot pause for ever."""
    with paused():
        read = gc.get_threshold()
    gc.set_threshold(*read)
    with paused():
        assert is_paused()
    assert gc.get_threshold()[0] == 700


def test_other_thresholds_are_untouched():
    """Only the first threshold is moved; the older generations keep theirs, inside and after."""
    before = gc.get_threshold()[1:]
    with paused():
        assert gc.get_threshold()[1:] == before


def test_two_threads_overlap():
    """The first thread to leave restores nothing while the second is still inside."""
    inside, leave = threading.Event(), threading.Event()

    def stay():
        with paused():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=stay)
    with paused():
        thread.start()
        assert inside.wait(30)
    assert is_paused()
    leave.set()
    thread.join()
    assert not is_paused()


def test_many_threads_at_once():
    """Under heavy switching each of many users is paused from first to last, and all leave."""
    wrong = []

    def work(seed):
        dice = random.Random(seed)
        for _ in range(300):
            try:
                with paused():
                    if not is_paused():
                        wrong.append("entered and not paused")
                    if dice.random() < 0.3:
                        with paused():
                            pass
                    if not is_paused():
                        wrong.append("restored too early")
                    if dice.random() < 0.3:
                        raise KeyError(seed)
            except KeyError:
                pass

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert not is_paused()


def test_finalizer_that_loads_inside_the_lock():
    """A finalizer may run while the lock is held, and load: no deadlock, and the count is right."""

    class Loads:
        def __del__(self):
            with paused():
                pass

    with collector._lock:
        Loads()
    with paused():
        Loads()
        assert is_paused()
    assert not is_paused()


def test_interrupt_before_the_exit_runs():
    """If an interrupt strikes as __exit__ begins, the end of the pause object restores."""

    class Struck(paused):
        def __exit__(self, *exc_info):
            raise KeyboardInterrupt

    def load():
        with Struck():
            pass

    with pytest.raises(KeyboardInterrupt):
        load()
    gc.collect()
    assert not is_paused()


def test_an_abandoned_pause_ends_with_its_object():
    """A pause that is entered and never left ends when its object does."""
    pause = paused()
    pause.__enter__()
    assert is_paused()
    del pause
    assert not is_paused()


def test_leaving_twice_counts_once():
    """A second __exit__ of one object takes nothing from the other users."""
    with paused():
        pause = paused()
        with pause:
            pass
        pause.__exit__()
        assert is_paused()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_begins_unpaused():
    """A child forked inside a block collects as before, and its parent stays paused."""
    with paused():
        child = os.fork()
        if child == 0:
            try:
                answer = gc.get_threshold()[0] == 700 and collector._users == 0
                with paused():
                    answer = answer and is_paused()
                answer = answer and gc.get_threshold()[0] == 700
            finally:
                os._exit(0 if answer else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert is_paused()


class CallWhenLoaded:
    def __init__(self, name):
        self.name = name

    def __setstate__(self, state):
        getattr(gc, state["name"])()
