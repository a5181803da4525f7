"""Classes that are not yours: their old pickles brought up to date before they are loaded.

    from pickle_migrate import Lineage, Rebuild, RenameField

    tree = Lineage("lib.tree:Tree", version_of=lambda view: 2 if "nodes" in view.fields else 1)
    tree.upgrade(1, RenameField("_nodes", "nodes"), arguments=lambda args, kwargs: (args[:2], {}))
    tree.upgrade(2, Rebuild(lambda view: view.make("lib.forest:Tree", *view.args,
                                                   state=view.state)))

- ``version_of(view)`` gives the version of one object, or None: nothing to do. It is asked again
  when the steps were taken, and must then give the last version, or None.
- Operations change the state: in the form that the pickle has, a dict, dict and slots, or, with
  ``Lineage.fields(version, ...)``, by position. ``RunFunction`` and plain functions get the raw
  state: what stands in it are plain data and stand-ins (``shims.Shim``).
- ``arguments(args, kwargs)`` changes the constructor's arguments, without the class that
  ``copyreg``'s constructors get.
- ``Rebuild(function)`` gets the ``view.View``: ``ref``, ``args``, ``kwargs``, ``state``,
  ``fields``, ``items``, ``pairs``, and ``pickle`` (``globals``, ``names(module)``,
  ``objects(ref)``). It changes these and returns None, or returns what takes the object's place,
  for all who refer to it: ``view.make(ref, *args, state=...)`` (a call; ``new=True``: as pickle
  makes plain objects), ``view.name(ref)`` (a class as a value), plain data, or real objects, which
  are pickled as pickle does. ``view.real(part)`` loads a part of the pickle, such as an array,
  under the presets; it cannot with ``--static``.
- The ref may be a function that pickles call (``numpy.core.multiarray:_reconstruct``): the view is
  then of what that call gives.
- ``Lineage.byte_strings`` says where a class kept data in 8-bit strings of Python 2.

Parts are brought up to date before what holds them. Nothing is imported or called for that. The
engine is ``rewriting.rewritten``: bytes in, bytes out; load, upgrade and inspect use it.
"""
