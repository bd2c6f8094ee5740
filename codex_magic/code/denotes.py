"""What the expressions of a cell stand for: dotted names, followed through imports and aliases."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType

from .dangers import full_name, of_name
from .folding import folded

# Names are followed so many steps; a longer way, or more meanings, is more than a reader follows.
_ROUNDS, _DEEPEST, _MOST = 4, 8, 150
_BUILTINS = {"eval", "exec", "compile", "open", "getattr", "setattr", "delattr", "vars", "globals"}
_BUILTINS |= {"__import__", "__builtins__", "locals", "breakpoint", "input", "map", "type"}
# Words that people use for other things: these are modules only where they are imported.
_WORDS = {
    *(
        "signal",
        "code",
        "sh",
        "invoke",
        "commands",
        "resource",
        "mouse",
        "keyboard",
        "daemon",
        "dns",
    ),
    *("redis", "conda", "crontab", "kaggle", "fabric", "gc", "imp", "mmap", "pip", "azure", "venv"),
    *("signal", "playwright", "selenium", "websocket", "twilio", "scrapy", "envoy", "mechanize"),
}
_SAME = {
    "posix": "os",
    "nt": "os",
    "_io": "io",
    "_pickle": "pickle",
    "cPickle": "pickle",
    "_socket": "socket",
    "_posixsubprocess": "subprocess",
    "_winapi": "subprocess",
}
_SAME_PATHS = {
    "io.open": "open",
    "IPython.get_ipython": "get_ipython",
    "IPython.core.getipython.get_ipython": "get_ipython",
    "InteractiveShell.instance": "get_ipython",
    "IPython.core.interactiveshell.InteractiveShell.instance": "get_ipython",
    "IPython.InteractiveShell.instance": "get_ipython",
    "pandas.io.pickle.read_pickle": "pandas.read_pickle",
    "torch.serialization.load": "torch.load",
    "joblib.numpy_pickle.load": "joblib.load",
    "pathlib.PosixPath": "pathlib.Path",
    "pathlib.WindowsPath": "pathlib.Path",
}
_KEPT_CALLS = {
    "psutil.process_iter",
    "psutil.Process",
    "get_ipython",
    "globals",
    "locals",
    "vars",
    "pathlib.Path",
    "__import__",
}
_IMPORTERS = {"__import__", "importlib.import_module", "importlib.__import__", "import_module"}
_BY_NAME = {"getattr", "object.__getattribute__", "type.__getattribute__", "inspect.getattr_static"}
_NAMESPACES = {
    "globals()",
    "locals()",
    "vars()",
    "__builtins__",
    "builtins.__dict__",
    "sys.modules",
}


class TangledError(ValueError):
    """A name of a cell means too many things."""


def names_of(namespace: Mapping[str, object]) -> dict[str, str]:
    """
    Return what the names of a namespace stand for, where that is a module or is in one.

    >>> import os
    >>> names_of({"s": os.path, "shell": os.getcwd, "x": 1})["shell"]
    'os.getcwd'
    """
    known = {}
    for name, value in list(namespace.items()):
        path = _place(value)
        if path:
            known[name] = _canonical(path)
    return known


class Names:
    """
    The names of one cell, and what each may stand for, wherever in the cell it gets its meaning.

    Args:
        tree: The cell.
        known: What names mean that other cells have set, as dotted paths.
    """

    def __init__(self, tree: ast.AST, known: Mapping[str, str]) -> None:
        self._meanings: dict[str, set[str]] = {name: {path} for name, path in known.items()}
        self._bound: set[str] = set()
        self._stars: set[str] = set()
        self.constants = _constants(tree)
        self._memory: dict[int, tuple[ast.AST, set[str]]] | None = None
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._add_import(node)
        pairs = [pair for node in nodes for pair in _assigned(node)]
        self._bound.update(name for name, _ in pairs)
        for _ in range(_ROUNDS):
            changed = False
            for name, value in pairs:
                changed |= self._add(name, self.of(value))
            if not changed:
                break
        self._memory = {}

    def of(self, node: ast.AST | None) -> set[str]:
        """Return the dotted paths that an expression may stand for; none where nobody can tell."""
        if node is None or self._memory is None:
            return {_canonical(path) for path in self._of(node)}
        if id(node) not in self._memory:
            # The node is kept, so that no other one gets its id.
            self._memory[id(node)] = node, {_canonical(path) for path in self._of(node)}
        return self._memory[id(node)][1]

    def text(self, node: ast.AST | None) -> str | None:
        """Return the string that an expression comes to."""
        return folded(node, self.constants)

    def _of(self, node: ast.AST | None) -> set[str]:
        match node:
            case ast.Name(id=name):
                return self._of_name(name)
            case ast.Attribute(value=value, attr=attribute):
                return _with(self.of(value) or {"?"}, attribute)
            case ast.Call():
                return self._of_call(node)
            case ast.Subscript(value=value, slice=where):
                return self._of_item(value, where)
            case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.of(value)
            case ast.IfExp(body=body, orelse=other):
                return self.of(body) | self.of(other)
            case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
                return set().union(*map(self.of, values))
            case ast.Dict(values=entries):
                return set().union(*map(self.of, entries))
            case ast.BinOp(left=left, op=ast.Div()):
                return self.of(left)
            case ast.Lambda(body=body):
                return self.of(body)
        return set()

    def _of_name(self, name: str) -> set[str]:
        meanings = set(self._meanings.get(name, ()))
        meanings |= {f"{module}.{name}" for module in self._stars}
        if name in _BUILTINS or not (meanings or name in self._bound or name in _WORDS):
            # Most likely it was imported in a cell above.
            meanings.add(full_name(name))
        elif name in ("os", "sys", "subprocess", "shutil", "socket", "builtins", "importlib"):
            meanings.add(name)
        return meanings

    def _of_call(self, node: ast.Call) -> set[str]:
        found = set()
        for path in self.of(node.func):
            text = self.text(node.args[0]) if node.args else None
            if path in _IMPORTERS and text:
                found.add(text)
            elif path in _BY_NAME and len(node.args) > 1:
                name = self.text(node.args[1])
                found |= _with(self.of(node.args[0]) or {"?"}, name or "[]")
            elif path.endswith(".__getattribute__") and text:
                found.add(path.removesuffix("__getattribute__") + text)
            elif path in ("vars", "functools.partial", "staticmethod") and node.args:
                # vars(os) holds what os holds; a partial does what its function does.
                found |= self.of(node.args[0])
            elif path.split(".")[-1] in ("get", "pop", "__getitem__") and text:
                base = path.rpartition(".")[0]
                found |= _item(base, text) or {f"{path}()"}
            else:
                found.add(f"{path}()")
        return found

    def _of_item(self, value: ast.expr, where: ast.expr) -> set[str]:
        name = self.text(where)
        found: set[str] = set()
        for path in self.of(value):
            known = _item(path, name) if name else set()
            found |= known or {path if path.endswith("[]") else f"{path}[]"}
            if isinstance(value, ast.Name | ast.List | ast.Tuple | ast.Dict):
                # What stands in a list or dict of the cell may come out of it.
                found.add(path)
        return found

    def _add_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                self._add(alias.asname or whole, {whole})
            elif alias.name == "*":
                self._stars.add(_canonical(node.module or ""))
            else:
                self._add(alias.asname or alias.name, {f"{node.module or ''}.{alias.name}"})

    def _add(self, name: str, paths: set[str]) -> bool:
        meanings = self._meanings.setdefault(name, set())
        before = len(meanings)
        meanings |= {kept for path in paths if (kept := _worth_following(_canonical(path)))}
        if len(meanings) > _MOST:
            raise TangledError(name)
        return len(meanings) > before


def _worth_following(path: str) -> str:
    """
    Return the part of a path that a name may hand on; nothing of what leads nowhere.

    Most values are somebody's data. What comes out of a session is a session's, however it came.
    """
    if path.startswith("?") or path.count(".") >= _DEEPEST:
        return ""
    first, call, rest = path.partition("()")
    if not call and "[]" not in path:
        return path
    if first in _KEPT_CALLS:
        return path if "()" not in rest else f"{first}()"
    return f"{first}()" if call and of_name(f"{first}()") else ""


def _with(paths: set[str], name: str) -> set[str]:
    """Return an attribute of each path; ``x.__dict__`` holds what ``x`` holds."""
    if name == "__dict__":
        return {path if path in ("os", "builtins") else f"{path}.__dict__" for path in paths}
    return {f"{path}.{name}" for path in paths}


def _item(path: str, name: str) -> set[str]:
    """Return what a namespace, taken as a dict, holds under a name."""
    if path in _NAMESPACES or path.endswith(".__globals__"):
        return {name}
    if path.endswith(".__dict__"):
        return {path.removesuffix("__dict__") + name}
    if path in ("os", "subprocess", "shutil", "builtins", "sys", "importlib", "posix"):
        return {f"{path}.{name}"}
    return {name} if path.endswith(("__builtins__", "user_ns", "user_global_ns")) else set()


def _canonical(path: str) -> str:
    first, dot, rest = path.partition(".")
    path = f"{_SAME.get(first, first)}{dot}{rest}"
    path = path.removeprefix("builtins.") if path != "builtins.__dict__" else path
    path = path.removeprefix("__builtins__.").replace("pathlib._local.", "pathlib.")
    return _SAME_PATHS.get(path, path)


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that a statement sets, each with what it may be set to."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, value)
        case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
            yield from _targets(target, value)
        case ast.AugAssign(target=target, value=value):
            yield from _targets(target, value)
        case ast.For(target=target, iter=values) | ast.AsyncFor(target=target, iter=values):
            yield from _targets(target, values)
        case ast.comprehension(target=target, iter=values):
            yield from _targets(target, values)
        case ast.withitem(optional_vars=ast.expr() as target, context_expr=value):
            yield from _targets(target, value)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, None
            if not isinstance(node, ast.ClassDef):
                yield from _arguments(node.args)
                yield from (
                    (node.name, part.value)
                    for part in ast.walk(node)
                    if isinstance(part, ast.Return)
                )
        case ast.Lambda(args=arguments):
            yield from _arguments(arguments)
        case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
            yield name, None


def _targets(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, value)
    elif isinstance(target, ast.Tuple | ast.List):
        same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = (
            value.elts
            if same and isinstance(value, ast.Tuple | ast.List)
            else [value] * len(target.elts)
        )
        for part, part_value in zip(target.elts, values, strict=True):
            yield from _targets(part, part_value)


def _arguments(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    every = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(every) - len(arguments.defaults)) + [*arguments.defaults]
    yield from zip((argument.arg for argument in every), defaults, strict=True)
    keywords = (argument.arg for argument in arguments.kwonlyargs)
    yield from zip(keywords, arguments.kw_defaults, strict=True)
    for argument in (arguments.vararg, arguments.kwarg):
        if argument:
            yield argument.arg, None


def _constants(tree: ast.AST) -> dict[str, str]:
    """Return the names that a cell sets once, to a string."""
    pairs = [pair for node in ast.walk(tree) for pair in _assigned(node)]
    found: dict[str, str] = {}
    counts = Counter(name for name, _ in pairs)
    for name, value in pairs:
        text = folded(value, found) if counts[name] == 1 else None
        if text is not None:
            found[name] = text
    return found


def _place(value: object) -> str:
    # Not isinstance: it asks the object, which may be anybody's.
    kind = type(value)
    if kind is ModuleType:
        return str(vars(value).get("__name__", ""))
    if kind not in (FunctionType, BuiltinFunctionType, type):
        return ""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return ""
    return f"{module}.{name}"
