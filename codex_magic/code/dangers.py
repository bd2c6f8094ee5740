"""What names and attributes in a cell mean: the tables of the scan."""

from __future__ import annotations

from .risky_modules import (
    BUILT,
    DELETES,
    ENVIRONMENT,
    HARMLESS,
    IMPORTS,
    INSIDE,
    LOADS,
    MODULES,
    NATIVE,
    NETWORK,
    OVERWRITES,
    SECRETS,
    SIGNALS,
    STARTS,
    SYSTEM,
    UNPICKLES,
    WRITES,
    Level,
    Verdict,
)

__all__ = ["Level", "Verdict", "full_name", "is_risky_module", "of_attribute", "of_name"]

_NAMES: dict[str, tuple[Level, str]] = {
    **dict.fromkeys(
        ["eval", "exec", "compile", "types.FunctionType", "types.CodeType"], ("danger", BUILT)
    ),
    **dict.fromkeys(["asyncio.run_coroutine_threadsafe"], ("notice", "runs beside the cell")),
    "__import__": ("danger", IMPORTS),
    **dict.fromkeys(["exit", "quit"], ("notice", "ends the kernel")),
    "pandas.eval": ("notice", BUILT),
    "breakpoint": ("notice", "waits for a debugger"),
    "__builtins__": ("danger", INSIDE),
    "__loader__": ("danger", INSIDE),
    "__spec__": ("danger", INSIDE),
    **dict.fromkeys(["os.makedirs", "os.mkdir", "os.chdir", "os.utime"], ("notice", WRITES)),
    **dict.fromkeys(
        [
            "shutil.copy",
            "shutil.copy2",
            "shutil.copyfile",
            "shutil.copytree",
            "shutil.make_archive",
        ],
        ("notice", WRITES),
    ),
    **dict.fromkeys(["shutil.unpack_archive"], ("notice", WRITES)),
    **{
        f"os.{name}": ("danger", DELETES)
        for name in ("remove", "unlink", "rmdir", "removedirs", "rename", "renames", "replace")
    },
    **{f"os.{name}": ("danger", DELETES) for name in ("truncate", "chmod", "chown", "symlink")},
    **{
        f"os.{name}": ("danger", STARTS)
        for name in ("system", "popen", "startfile", "execv", "execl", "execvp", "execlp", "execve")
    },
    **{
        f"os.{name}": ("danger", SIGNALS)
        for name in ("kill", "killpg", "fork", "forkpty", "abort", "_exit", "nice")
    },
    **{
        f"os.{name}": ("danger", ENVIRONMENT)
        for name in ("environ", "environb", "getenv", "getenvb")
    },
    **dict.fromkeys(["importlib.import_module", "importlib.__import__"], ("danger", IMPORTS)),
    **dict.fromkeys(
        ["socket.gethostname", "socket.getfqdn"], ("notice", "tells this machine's name")
    ),
    **{
        name: ("danger", UNPICKLES)
        for module in (
            "pickle",
            "cPickle",
            "dill",
            "cloudpickle",
            "_pickle",
            "pickle5",
            "jsonpickle",
        )
        for name in (f"{module}.load", f"{module}.loads", f"{module}.Unpickler", f"{module}.decode")
    },
    **dict.fromkeys(
        [
            *(
                "joblib.load",
                "pandas.read_pickle",
                "shelve.open",
                "yaml.unsafe_load",
                "yaml.full_load",
            ),
            *(
                "yaml.load_all",
                "yaml.UnsafeLoader",
                "yaml.Loader",
                "yaml.FullLoader",
                "skops.io.load",
            ),
            *(
                "shelve.DbfilenameShelf",
                "sklearn.externals.joblib.load",
                "mlflow.pyfunc.load_model",
            ),
        ],
        ("danger", UNPICKLES),
    ),
    **dict.fromkeys(
        ["keras.models.load_model", "tensorflow.keras.models.load_model"], ("notice", LOADS)
    ),
    **dict.fromkeys(
        ["torch.hub.load", "nltk.download", "datasets.load_dataset"], ("notice", LOADS)
    ),
    "torch.hub.load": ("danger", "downloads code and runs it"),
    **{
        f"asyncio.{name}": ("danger", STARTS)
        for name in ("create_subprocess_exec", "create_subprocess_shell", "subprocess")
    },
    **{
        f"asyncio.{name}": ("danger", NETWORK)
        for name in ("open_connection", "start_server", "open_unix_connection")
    },
    **{
        f"sys.{name}": ("danger", INSIDE)
        for name in (
            "_getframe",
            "settrace",
            "setprofile",
            "meta_path",
            "path_hooks",
            "_current_frames",
        )
    },
    **{f"sys.{name}": ("danger", INSIDE) for name in ("addaudithook", "modules", "excepthook")},
    **{f"inspect.{name}": ("notice", INSIDE) for name in ("currentframe", "stack", "getmembers")},
    **{
        f"gc.{name}": ("danger", INSIDE)
        for name in ("get_objects", "get_referrers", "get_referents")
    },
    "numpy.ctypeslib": ("danger", NATIVE),
    "platform.popen": ("danger", STARTS),
    "pathlib.os": ("danger", SYSTEM),
    "IPython.start_ipython": ("danger", BUILT),
    "IPython.embed": ("danger", BUILT),
    "IPython.utils.process": ("danger", STARTS),
    "IPython.utils.io": ("notice", WRITES),
    "IPython.display.Javascript": ("danger", "runs a script in the page"),
    "IPython.core.display.Javascript": ("danger", "runs a script in the page"),
    "IPython.display.IFrame": ("notice", "loads another page"),
    "google.colab.auth": ("danger", SECRETS),
    "google.colab.userdata": ("danger", SECRETS),
    "google.colab.files": ("notice", "moves files between the browser and this machine"),
    "google.colab.drive": ("danger", SECRETS),
    "dotenv": ("danger", SECRETS),
    "codecs.open": ("notice", WRITES),
    "io.FileIO": ("notice", WRITES),
    "codex_magic": ("danger", "asks a model by itself"),
    "globals": ("notice", "reaches variables by name"),
    "builtins": ("danger", INSIDE),
    "operator.attrgetter": ("notice", "reaches attributes by name"),
    "operator.methodcaller": ("notice", "reaches attributes by name"),
}

# These mean the same on whatever they are found: nobody knows what a variable holds.
_ATTRIBUTES: dict[str, tuple[Level, str]] = {
    **dict.fromkeys(
        ["unlink", "rmdir", "rmtree", "removedirs", "hardlink_to", "rm", "rm_file"],
        ("danger", DELETES),
    ),
    **dict.fromkeys(
        [
            "symlink_to",
            "drop_all",
            "drop_table",
            "drop_collection",
            "delete_dir",
            "delete_file",
            "delete_object",
            "delete_objects",
            "delete_bucket",
        ],
        ("danger", DELETES),
    ),
    **dict.fromkeys(["write_text", "write_bytes"], ("danger", OVERWRITES)),
    **dict.fromkeys(
        ["system", "popen", "Popen", "check_output", "check_call", "spawnl"], ("danger", STARTS)
    ),
    **dict.fromkeys(
        ["getoutput", "getstatusoutput", "subprocess_exec", "posix_spawn"], ("danger", STARTS)
    ),
    **dict.fromkeys(["subprocess_shell", "create_subprocess_shell", "execvp"], ("danger", STARTS)),
    **dict.fromkeys(
        ["urlopen", "urlretrieve", "sendmail", "upload_file", "upload_fileobj"],
        ("danger", NETWORK),
    ),
    **dict.fromkeys(["put_object", "to_gbq", "push_to_hub"], ("danger", NETWORK)),
    **dict.fromkeys(["import_module", "exec_module", "load_module"], ("danger", IMPORTS)),
    **dict.fromkeys(["enable_load_extension", "load_extension"], ("danger", NATIVE)),
    **dict.fromkeys(["extractall", "mkdir", "touch", "makedirs"], ("notice", WRITES)),
    **dict.fromkeys(
        ["run_cell", "run_line_magic", "run_cell_magic", "safe_execfile"], ("danger", BUILT)
    ),
    **dict.fromkeys(
        ["run_code", "do_execute", "run_ast_nodes", "run_cell_async"], ("danger", BUILT)
    ),
    **dict.fromkeys(["killpg", "forkpty"], ("danger", SIGNALS)),
    **dict.fromkeys(
        [
            *("__subclasses__", "__globals__", "__builtins__", "__mro__", "__bases__", "__base__"),
            *(
                "__code__",
                "__closure__",
                "__getattribute__",
                "__import__",
                "__loader__",
                "__spec__",
            ),
            *(
                "__reduce__",
                "__reduce_ex__",
                "mro",
                "f_globals",
                "f_locals",
                "f_back",
                "f_builtins",
            ),
            *("tb_frame", "gi_frame", "gi_code", "cr_frame", "ag_frame", "co_code", "__func__"),
            *("__self__", "__wrapped__", "__objclass__", "__kwdefaults__", "func_globals"),
        ],
        ("danger", INSIDE),
    ),
}

# Called by themselves: imported in a cell above, perhaps.
_BARE = {
    *("system", "popen", "Popen", "rmtree", "check_output", "check_call", "getoutput", "unlink"),
    *("urlopen", "urlretrieve", "import_module", "getenv", "environ", "removedirs", "killpg"),
}

# Names that no frame's column has.
_NEVER_A_COLUMN = {"subprocess", "shutil", "socket", "ctypes", "importlib", "builtins", "urllib3"}

# Methods that mean other things on other objects.
_METHODS: dict[str, dict[str, tuple[Level, str]]] = {
    "pathlib.Path": dict.fromkeys(["rename", "replace", "chmod", "lchmod"], ("danger", DELETES)),
    "psutil": dict.fromkeys(["kill", "terminate", "suspend", "send_signal"], ("danger", SIGNALS)),
    "tensorflow.io.gfile": dict.fromkeys(["remove", "rmtree", "rename"], ("danger", DELETES)),
    "pwd": dict.fromkeys(["getpwall", "getpwnam"], ("danger", SECRETS)),
}

_ABBREVIATIONS = {
    "pd": "pandas",
    "np": "numpy",
    "tf": "tensorflow",
    "plt": "matplotlib.pyplot",
    "Path": "pathlib.Path",
    "sp": "subprocess",
    "read_pickle": "pandas.read_pickle",
}


def of_name(path: str) -> Verdict:
    """
    Return what using a name means, given as the dotted path of where it comes from.

    >>> of_name("os.system")
    ('danger', 'starts other programs')
    >>> of_name("requests.Session().get")
    ('danger', 'talks to a network')
    >>> of_name("os.path.join")
    """
    parts = path.replace("()", "").replace("[]", "").split(".")
    found = [_of_place(parts), _within(parts), _of_attribute(parts)]
    # "danger" comes before "notice".
    return min(filter(None, found), default=None)


def is_risky_module(path: str) -> bool:
    """Tell a module that must not be handed on: whoever gets it can do all that it can."""
    return (path in MODULES and MODULES[path][0] == "danger") or path == "builtins"


def full_name(name: str) -> str:
    """Return what a name stands for that is not imported here: often it was in a cell above."""
    return _ABBREVIATIONS.get(name, name)


def of_attribute(name: str) -> Verdict:
    """Return what an attribute means on whatever object."""
    return _ATTRIBUTES.get(name)


def _of_place(parts: list[str]) -> Verdict:
    """Say what the longest known beginning of a path means."""
    for length in range(len(parts), 0, -1):
        start = ".".join(parts[:length])
        if start in HARMLESS:
            return None
        if start in _NAMES:
            return _NAMES[start]
        if start in MODULES and length < len(parts):
            return MODULES[start]
    if len(parts) == 1 and parts[0] in _BARE:
        return _ATTRIBUTES.get(parts[0], ("danger", SYSTEM))
    for start, methods in _METHODS.items():
        if ".".join(parts).startswith(f"{start}.") and parts[-1] in methods:
            return methods[parts[-1]]
    return None


def _within(parts: list[str]) -> Verdict:
    """Say what a module means that another one has imported: ``glob.os.remove``."""
    for position in range(len(parts) - 2, 0, -1):
        module = parts[position].lstrip("_")
        path = f"{module}.{parts[position + 1]}"
        if module in ("os", "sys", "pickle") and path in _NAMES:
            return _NAMES[path]
        if module in _NEVER_A_COLUMN and path not in HARMLESS:
            return MODULES.get(module, _NAMES.get(module))
    return None


def _of_attribute(parts: list[str]) -> Verdict:
    return _ATTRIBUTES.get(parts[-1]) if len(parts) > 1 else None
