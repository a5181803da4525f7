"""Packs: rules for the old pickles of well-known libraries, one module for each.

    pickle_migrate.use_pack("sklearn")            # in Python
    pickle-migrate upgrade model.pkl --pack sklearn --in-place
    packs = ["sklearn"]                           # in the settings

A module here has a ``PACK``, a ``values.Pack`` of ``values.Rule``s: what changed, which releases'
pickles need it, renames, and a function that declares lineages (``Lineage(ref, version_of=...,
registry=registry)``; see ``pickle_migrate.foreign``). It names what its library's pickles may hold,
and imports nothing of the library. ``using.BUILT_IN`` lists the modules; other distributions name
theirs by entry points of the group ``pickle_migrate.migrations``.
"""
