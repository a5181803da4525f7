"""Names from which others have made programs run: each must be refused by rule, not by a list.

They are named and not called, or called with arguments that do nothing. Most are the ways around
scanners that keep a list of bad names.
"""

from __future__ import annotations

from assemble import Samples, call, glob, named, number, p, text

dangerous = Samples("dangerous")

_NAMED = """
os:system posix:system nt:system os:popen os:execvp os:_exit os:spawnv os:remove os:fork os:kill
posix:_exit subprocess:Popen subprocess:run subprocess:getoutput builtins:eval builtins:exec
builtins:compile builtins:open builtins:__import__ builtins:input builtins:breakpoint
builtins:exit builtins:getattr builtins:globals builtins:vars builtins:memoryview builtins:print
io:open io:FileIO _io:FileIO _io:open_code pathlib:Path.write_text shutil:rmtree shutil:move
tempfile:NamedTemporaryFile importlib:import_module importlib:reload
importlib._bootstrap:_load_unlocked runpy:run_path runpy:_run_code pkgutil:resolve_name
pydoc:locate pydoc:pipepager pydoc:tempfilepager code:interact code:InteractiveInterpreter pdb:run
pdb:Pdb bdb:Bdb.run profile:run cProfile:run trace:Trace.run timeit:timeit timeit:Timer
doctest:debug_script unittest.mock:_importer ctypes:CDLL ctypes:string_at _ctypes:dlopen
socket:socket socket:create_connection urllib.request:urlopen http.client:HTTPConnection
http.server:test smtplib:SMTP ftplib:FTP imaplib:IMAP4_stream telnetlib:Telnet asyncio:run
asyncio.subprocess:create_subprocess_shell multiprocessing:Process
multiprocessing.util:spawnv_passfds threading:Thread threading:Timer signal:raise_signal sys:exit
sys:settrace sys:addaudithook sys:modules gc:get_objects inspect:getattr_static types:FunctionType
types:CodeType types:CellType marshal:loads pickle:loads pickle:Unpickler _pickle:loads
shelve:open dbm:open sqlite3:connect logging.config:fileConfig logging.config:listen
logging:FileHandler webbrowser:open pty:spawn platform:popen platform:_syscmd_ver
uuid:_get_command_stdout _osx_support:_read_output distutils.spawn:spawn
distutils.file_util:write_file setuptools:setup pip:main pip._internal:main ensurepip:_run_pip
venv:create lib2to3.pgen2.grammar:Grammar.loads lib2to3.pgen2.pgen:generate_grammar
idlelib.pyshell:ModifiedInterpreter.runcommand idlelib.autocomplete:AutoComplete.get_entity
test.support.script_helper:assert_python_ok test.support:run_code _pyrepl.pager:pipe_pager
operator:methodcaller operator:attrgetter operator:itemgetter operator:call functools:partial
functools:partialmethod functools:reduce itertools:starmap concurrent.futures:ThreadPoolExecutor
concurrent.futures.process:_ExecutorManagerThread weakref:finalize atexit:register
string:Formatter string:Formatter.format dataclasses:make_dataclass collections:namedtuple
enum:Enum._convert_ typing:get_type_hints typing:ForwardRef ast:literal_eval symtable:symtable
zipimport:zipimporter zoneinfo:ZoneInfo.from_file mimetypes:init site:addpackage
sysconfig:_generate_posix_vars ssl:get_server_certificate xml.etree.ElementTree:parse
xmlrpc.client:ServerProxy cgitb:enable numpy:load numpy:fromfile numpy:memmap numpy:loadtxt
numpy:vectorize numpy.f2py:compile numpy.f2py.crackfortran:getlincoef
numpy.f2py.diagnose:run_command numpy.testing._private.utils:runstring
numpy.ctypeslib:load_library numpy.lib.npyio:NpzFile numpy.distutils.exec_command:exec_command
pandas:read_pickle pandas:eval pandas.io.common:get_handle pandas.core.computation.eval:eval
pandas.core.reshape.merge:Substitution joblib:load joblib.memory:Memory
joblib.numpy_pickle:NumpyArrayWrapper.read_array dill:loads dill._dill:_create_function
dill._dill:_import_module dill._dill:_eval_repr cloudpickle:loads
cloudpickle.cloudpickle:_make_function cloudpickle.cloudpickle:subimport
cloudpickle.cloudpickle:_builtin_type cloudpickle.cloudpickle:_make_skeleton_class torch:load
torch.hub:load torch.jit:load torch.serialization:load
torch.utils.bottleneck.__main__:run_cprofile torch.utils.collect_env:run
torch.utils._config_module:ConfigModule.load_config
torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression
torch._inductor.codecache:compile_file torch._dynamo.guards:GuardBuilder.get
torch.distributed.rpc:init_rpc torch.testing._internal.common_utils:run_subtest_code jax:jit
tensorflow:io.read_file keras.models:load_model scipy.io:loadmat sklearn.externals.joblib:load
yaml:unsafe_load jinja2:Template jsonpickle:decode pip._vendor.distlib.scripts:ScriptMaker
aiohttp.web:run_app fickling.fickle:Pickled django.core.management:call_command
ptpython.repl:embed IPython:embed pexpect:run sh:Command fabric:Connection paramiko:SSHClient
"""

for _ref in dict.fromkeys(_NAMED.split()):
    _name = _ref.replace(":", "-").replace(".", "-")
    dangerous.add(f"named-{_name}", f"{_ref} is named", p(4, named(_ref)), _ref)

for _ref, *_args in (
    ("os:getpid",),
    ("builtins:eval", text("0")),
    ("builtins:exec", text("0")),
    ("builtins:compile", text("0"), text("x"), text("eval")),
    ("builtins:__import__", text("hostile_canary")),
    ("importlib:import_module", text("hostile_canary")),
    ("pkgutil:resolve_name", text("hostile_canary")),
    ("pydoc:locate", text("hostile_canary.touch")),
    ("io:open", text("/dev/null")),
    ("io:FileIO", text("/dev/null")),
    ("os:listdir", text("/")),
    ("posix:stat", text("/")),
    ("time:sleep", number(0)),
    ("pickle:loads", b"C\x02N."),
    ("socket:socket",),
    ("ctypes:CDLL", b"N"),
    ("timeit:timeit", text(""), text(""), named("time:time"), number(1)),
    ("subprocess:getoutput", text(":")),
    ("os:system", text(":")),
    ("collections:namedtuple", text("X"), text("a")),
    ("dataclasses:make_dataclass", text("X"), text("a")),
    ("sqlite3:connect", text(":memory:")),
    ("tempfile:gettempdir",),
    ("zoneinfo:ZoneInfo", text("UTC")),
    ("runpy:run_path", text("/dev/null")),
):
    _name = _ref.replace(":", "-")
    dangerous.add(f"called-{_name}", f"{_ref} is called", p(4, call(named(_ref), *_args)), _ref)
    dangerous.add(
        f"called-{_name}-p0", f"{_ref} is called, by GLOBAL", p(2, call(glob(_ref), *_args)), _ref
    )
