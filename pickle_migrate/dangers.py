"""Names that no data needs and that attackers use, each with what it can do.

A policy refuses what it does not list, these or any others. This list only says of some refused
names why they are worse than unknown: what they reach is code, processes, files or the network.
It is never complete, so nothing is let through because it does not stand here.

Names are those after Python 2's were mapped. A module stands for all below it. Sources: the
standard library's documentation; the lists of picklescan, fickling and modelscan; CPython's
``Lib/pickletools`` tests; and reports of what got past those lists (pip, pydoc, timeit, cProfile,
``idlelib``, ``lib2to3``, ``torch.serialization`` and others that end in exec, eval or a download).
"""

from __future__ import annotations

from typing import Final

from pickle_migrate.refs import GlobalRef

_CODE = "runs code that the pickle brings"
_BRINGS = "makes functions and classes of code that the pickle brings"
_PROCESS = "starts processes or ends this one"
_FILES = "reads, writes or removes files"
_NET = "opens connections"
_IMPORT = "imports modules by name"
_REACH = "reaches any attribute, so anything"
_LOAD = "loads another pickle or a library of machine code"
_LATER = "keeps a call for later, to hide what is called"
_INNER = "reaches into the interpreter"

#: Parts of a dotted name that are looked at; no name has more.
_SEGMENTS: Final = 50

#: Whole modules, with all below them.
_MODULES: Final = {
    "os posix nt posixpath ntpath": _PROCESS,
    "subprocess _posixsubprocess _winapi multiprocessing concurrent pty pexpect": _PROCESS,
    "commands popen2 popen sched threading _thread thread asyncio trio": _PROCESS,
    "code codeop runpy timeit trace bdb pdb cProfile profile doctest unittest pydoc idlelib": _CODE,
    "lib2to3 ensurepip pip setuptools distutils venv site test nose": _CODE,
    "cloudpickle dill": _BRINGS,
    "marshal pickle cPickle _pickle shelve ctypes _ctypes cffi": _LOAD,
    "torch.serialization torch.hub torch.jit torch.utils.cpp_extension": _LOAD,
    "numpy.lib.npyio numpy.distutils numpy.f2py numpy.testing pandas.io.pickle": _LOAD,
    "importlib imp zipimport pkgutil _frozen_importlib _frozen_importlib_external": _IMPORT,
    "socket _socket ssl _ssl select selectors socketserver http.client http.server": _NET,
    "httplib urllib.request urllib2 xmlrpc requests httpx aiohttp": _NET,
    "ftplib smtplib telnetlib poplib imaplib nntplib webbrowser antigravity": _NET,
    "shutil tempfile glob fileinput linecache zipfile tarfile mmap _pyio": _FILES,
    "gzip bz2 lzma dbm sqlite3 fcntl netrc filecmp logging.config logging.handlers": _FILES,
    "sys gc _testcapi faulthandler atexit": _INNER,
    "functools _functools": _LATER,
    "operator _operator": _REACH,
}

#: Single names.
_NAMES: Final = {
    "builtins": {
        "eval exec execfile compile": _CODE,
        "__import__ reload": _IMPORT,
        "getattr setattr delattr hasattr vars globals locals dir super": _REACH,
        "open file input raw_input": _FILES,
        "breakpoint help exit quit": _CODE,
        "apply map filter": _LATER,
        "memoryview": _INNER,
    },
    "types": {
        "FunctionType LambdaType MethodType CodeType": _CODE,
        "DynamicClassAttribute": _REACH,
        "new_class": _CODE,
    },
    "typing": {"get_type_hints _eval_type ForwardRef": _CODE},
    "io": {"open open_code FileIO": _FILES},
    "_io": {"open open_code FileIO": _FILES},
    "joblib": {"load": _LOAD},
    "joblib.numpy_pickle": {"load load_temporary_memmap": _LOAD},
    "logging": {"FileHandler": _FILES},
    "copyreg": {"add_extension remove_extension clear_extension_cache pickle": _INNER},
    "codecs": {"open EncodedFile": _FILES},
    "platform": {"popen": _PROCESS, "_syscmd_uname _syscmd_ver": _PROCESS},
    "uuid": {"_popen _get_command_stdout": _PROCESS},
    "xml.sax": {"parse": _FILES},
    "numpy": {"load loadtxt genfromtxt fromfile memmap save savez": _LOAD},
    "numpy.core": {"_load": _LOAD},
    "pandas": {"read_pickle eval read_csv": _LOAD},
    "pandas.core.computation.eval": {"eval": _CODE},
    "numexpr": {"evaluate": _CODE},
    "torch": {"load save": _LOAD},
    "torch.storage": {"_load_from_bytes": _LOAD},
    "sympy": {"sympify parse_expr": _CODE},
    "yaml": {"load unsafe_load full_load": _CODE},
    "jsonpickle": {"decode": _LOAD},
}


def _table() -> tuple[dict[str, str], dict[GlobalRef, str]]:
    modules = {name: why for names, why in _MODULES.items() for name in names.split()}
    single = {
        GlobalRef(module, name): why
        for module, groups in _NAMES.items()
        for names, why in groups.items()
        for name in names.split()
    }
    return modules, single


_BY_MODULE, _BY_NAME = _table()


def danger_of(ref: GlobalRef) -> str | None:
    """What a name can do, as a phrase; None when it does not stand here. Imports nothing.

    ``ref`` is as an unpickler looks for it (``scanner.mapped``). What is reached through a dotted
    name is as dangerous as each part of it.
    """
    module = ".".join(ref.module.split(".")[:_SEGMENTS])
    while module:
        if module in _BY_MODULE:
            return _BY_MODULE[module]
        module = module.rpartition(".")[0]
    parts = ref.qualname.split(".")[:_SEGMENTS]
    for count in range(1, len(parts) + 1):
        found = _BY_NAME.get(GlobalRef(ref.module, ".".join(parts[:count])))
        if found is not None:
            return found
        # A module that another one has imported: a.b.os.system.
        found = _BY_MODULE.get(parts[count - 1]) if count < len(parts) else None
        if found is not None:
            return found
    return _REACH if any(p.startswith("__") and p.endswith("__") for p in parts[1:]) else None
