"""Ctrl-C, noted or raised."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from pickle_migrate.interrupts import Interrupts


def strike() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_is_noted():
    """What is being written is written whole."""
    with Interrupts() as interrupts:
        strike()
        assert interrupts.came
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_it_may_break_it_is_raised():
    """A long load ends at once; the note stays."""
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt), interrupts.breakable():
            strike()
        assert interrupts.came
        strike()  # noted again, not raised


def test_it_is_put_back_after_an_exception():
    """Whatever ends the block."""
    with pytest.raises(ZeroDivisionError), Interrupts():
        1 / 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_someone_elses_handler_stays():
    """A program that handles interrupts by itself keeps doing so."""
    taken: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: taken.append(number))
    try:
        with Interrupts() as interrupts:
            strike()
            assert not interrupts.came
    finally:
        signal.signal(signal.SIGINT, before)
    assert taken == [signal.SIGINT]


def test_in_another_thread_it_changes_nothing():
    """Only the main thread gets interrupts."""
    found: list[object] = []

    def enter() -> None:
        with Interrupts():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
