"""Versioning as other packages do it; needs the ``bench`` extra."""

from __future__ import annotations

import pickle

import jsonpickle
from twisted.persisted import styles


class TwistedOrder(styles.Versioned):
    """``Versioned`` keeps the version in the state and upgrades after the load."""

    persistenceVersion = 2

    def __init__(self, number):
        self.number = number
        self.name = "a name"
        self.price = 2.5

    def upgradeToVersion2(self):
        self.name = self.title
        del self.title


class JsonOrder:
    def __init__(self, number):
        self.number = number
        self.name = "a name"
        self.price = 2.5


def twisted_both(count):
    """Dump, load, and the upgrade pass that twisted needs after it."""
    objects = [TwistedOrder(n) for n in range(count)]
    data = pickle.dumps(objects)

    def both():
        pickle.dumps(objects)
        loaded = pickle.loads(data)
        styles.doUpgrade()
        return loaded

    return both


def jsonpickle_both(count):
    """Dump to JSON text and back."""
    objects = [JsonOrder(n) for n in range(count)]
    data = jsonpickle.encode(objects)
    return lambda: (jsonpickle.encode(objects), jsonpickle.decode(data))
