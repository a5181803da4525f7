"""Loads pickles with the libraries at hand, as any program would, and says what each holds.

    python read_pickles.py FACTS_FOLDER < list-of-lines > one-JSON-line-for-each

A line is a path and an encoding, with a tab between. It runs in the environment of a reader, which
has neither pickle_migrate nor anything of the tests. A line is answered before the next one is
read, so that who asks knows which pickle it was that crashed the interpreter.
"""

import json
import os
import pickle
import sys
import warnings
from pathlib import Path


def load(path, encoding):
    """The object, by joblib if it wrote the file."""
    if ".joblib" in path:
        import joblib

        return joblib.load(path)
    with Path(path).open("rb") as file:
        return pickle.load(file, encoding=encoding)


def answer(path, encoding, facts):
    """What a pickle holds, or how far it came: ``load`` and ``use`` may fail."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            obj = load(path, encoding)
        except Exception as error:
            return {"failed": "load", "error": short(error)}
        told = sorted({f"{one.category.__name__}: {str(one.message)[:200]}" for one in caught})
        try:
            return {"facts": facts(obj), "warnings": told}
        except Exception as error:
            return {"failed": "use", "error": short(error), "warnings": told}


def short(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"


def main():
    """Answer line by line."""
    sys.path.insert(0, sys.argv[1])
    from facts import facts

    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        path, encoding = line.rstrip("\n").split("\t")
        out.write(json.dumps(answer(path, encoding, facts)) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
