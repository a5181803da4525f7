"""A small project with an archive, for tests of the pytest plugin and of the CI services.

An old release, whose classes carry no version, wrote the archived pickles in a process of its own.
The records are written out here: what they expect is independent of the code under test.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

OLD = """
    class Order:
        def __init__(self, customer, qty):
            self.customer, self.qty = customer, qty

    class Note:
        def __init__(self, text):
            self.text = text
"""
NEW = """
    from dataclasses import dataclass

    from pickle_migrate import AddField, Lineage, RenameField, versioned

    @versioned(2, unstamped=1)
    @dataclass
    class Order:
        customer: str
        quantity: int
        currency: str = "EUR"

    @versioned(1, unstamped=1)
    @dataclass
    class Note:
        text: str

    order = Lineage("shop:Order")
    order.upgrade(1, RenameField("qty", "quantity"), AddField("currency", default="EUR"))
"""
#: As a person forgets it: the field has another name, and nobody said so.
FORGOTTEN = NEW.replace('RenameField("qty", "quantity"), ', "")
#: As a person gets it wrong: it loads, with another value.
WRONG = NEW.replace('AddField("currency", default="EUR")', 'AddField("currency", default="USD")')
SETTINGS = """
[tool.pickle_migrate]
modules = ["shop"]
archive = "fixtures"
"""
_WRITER = """
import pathlib, pickle, shop
for name, obj in {
    "orders/one": shop.Order("Ada", 3), "orders/two": shop.Order("Bob", 1), "note": shop.Note("x")
}.items():
    path = pathlib.Path("fixtures", f"{name}.pickle")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(obj, 4))
"""
_ORDER = """
  - class: shop:Order
    fields:
      currency: EUR
      customer: {customer}
      quantity: {quantity}
"""
_EXPECTED = {
    "orders/one": _ORDER.format(customer="Ada", quantity=3),
    "orders/two": _ORDER.format(customer="Bob", quantity=1),
    "note": """
  - class: shop:Note
    fields:
      text: x
""",
}


def make_project(folder: Path, source: str = NEW) -> None:
    """Write the project: today's ``shop.py``, its settings, and an archive of three pickles."""
    old = folder / "old-release"
    old.mkdir(parents=True)
    (old / "shop.py").write_text(textwrap.dedent(OLD), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(old), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", _WRITER]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    (old / "shop.py").unlink()
    old.rmdir()
    for name, expected in _EXPECTED.items():
        path = folder / "fixtures" / f"{name}.pickle"
        ref = "shop:Note@?" if name == "note" else "shop:Order@?"
        path.with_name(f"{path.name}.yaml").write_text(
            f"pickle: {path.name}\nsha256: {_sha256(path)}\n"
            f"written by:\n  release: shop 1.0\n  python: 3.11.9\n  protocol: 4\n"
            f"classes:\n  - {ref}\nexpected:{expected}",
            encoding="utf-8",
        )
    change(folder, source)
    (folder / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")


def change(folder: Path, source: str) -> None:
    """Change today's ``shop.py``."""
    (folder / "shop.py").write_text(textwrap.dedent(source), encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
