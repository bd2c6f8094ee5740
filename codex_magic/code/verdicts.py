"""What each expression of a cell means: one verdict or none."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .dangers import Verdict, is_risky_module, of_attribute, of_name
from .denotes import Names
from .file_uses import of_file_use
from .folding import pieces
from .magic_dangers import of_magic
from .places import Places, of_loop
from .text_dangers import holds_script, is_address, is_harmless_variable, loads_image, of_text

SHELL = "get_ipython()."

_SHELL_CALLS = {"system", "getoutput", "system_piped", "system_raw"}
# Parts of IPython's shell that are harmless, or looked at where they are called.
_QUIET_SHELL = {
    *(
        "config",
        "display_formatter",
        "kernel",
        "history_manager",
        "has_trait",
        "__class__",
        "magic",
    ),
    *("enable_gui", "enable_matplotlib", "run_line_magic", "run_cell_magic", "find_line_magic"),
    *("set_next_input", "execution_count", "user_ns", "events", "showtraceback"),
}
# Only what is in these modules means something; naming them in an import does not.
_WIDE = {"os", "importlib", "shutil", "gc", "tempfile", "atexit", "getpass", "resource", "pkgutil"}
_BY_NAME = {"getattr", "setattr", "delattr", "hasattr"}
_GETTERS = {"operator.attrgetter", "operator.methodcaller"}
_PUT_TOGETHER = {"chr", "b64decode", "fromhex", "decode", "reversed", "unhexlify", "join", "input"}
_RUNS_FILE: Verdict = ("danger", "runs whatever the file says when it is loaded")
_SCRIPT: Verdict = ("danger", "runs a script in the page")
_READS: Verdict = ("danger", "reads environment variables, where secrets are")


def shown(node: ast.AST) -> str:
    """Return what a finding shows of an expression: its name, or its beginning."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        node = node.func
    text = ast.unparse(node).partition("\n")[0]
    return shortened(text)


def shortened(text: str) -> str:
    """Return a text that is not too long for a line."""
    return text if len(text) <= 60 else f"{text[:59]}…"


def of_import(node: ast.Import | ast.ImportFrom, names: Names) -> Iterator[tuple[Verdict, str]]:
    """Yield what an import means; that of a whole module only says what may come."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield _of_module(alias.name), f"import {alias.name}"
            continue
        module = node.module or ""
        what = f"from {module} import {alias.name}"
        if alias.name == "*":
            risky = ("danger", "takes over all of that module") if is_risky_module(module) else None
            yield risky or _of_module(module), what  # type: ignore[misc]
            continue
        for path in names.of(ast.Name(alias.asname or alias.name)):
            # How the environment is used tells more.
            yield None if path in ("os.environ", "os.getenv") else of_name(path), what


def _of_module(module: str) -> Verdict:
    if module == "antigravity":
        return "danger", "opens a browser"
    verdict = of_name(f"{module}.*")
    return ("notice", verdict[1]) if verdict and module not in _WIDE else None


class Verdicts:
    """What the expressions of one cell mean."""

    def __init__(self, tree: ast.AST, names: Names) -> None:
        self._names = names
        self._places = Places(tree)

    def of(self, node: ast.AST) -> Iterator[Verdict]:
        """Yield what an expression or statement means."""
        match node:
            case ast.Name() | ast.Attribute():
                yield self._of_use(node)
            case ast.Subscript():
                yield self._of_item(node)
            case ast.Constant(value=str() | bytes()) | ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                yield self._of_string(node)
            case ast.Call():
                yield from self._of_call(node)
            case ast.FunctionDef(name="__reduce__" | "__reduce_ex__" | "__setstate__"):
                yield "danger", "runs when a pickle of it is loaded"
            case ast.FunctionDef(name="_repr_javascript_"):
                yield _SCRIPT
            case ast.MatchClass(kwd_attrs=attributes):
                yield _worst([of_attribute(attribute) for attribute in attributes])
            case ast.While():
                yield of_loop(node)

    def _of_use(self, node: ast.Name | ast.Attribute) -> Verdict:
        """Say what naming something means, whether it is called here or handed on."""
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            return None
        paths = self._names.of(node)
        if id(node) in self._places.handed_on:
            risky = next((path for path in sorted(paths) if is_risky_module(path)), None)
            if risky:
                return "danger", f"hands on all of {risky}"
        verdicts = [self._of_path(path, node) for path in paths]
        if not paths and isinstance(node, ast.Attribute):
            verdicts.append(of_attribute(node.attr))
        return _worst(verdicts)

    def _of_path(self, path: str, node: ast.AST) -> Verdict:
        if path.startswith(SHELL):
            name = path.split(".")[1].removesuffix("()").removesuffix("[]")
            is_quiet = name in _QUIET_SHELL or name in _SHELL_CALLS
            is_changed = path.startswith((f"{SHELL}config.", f"{SHELL}kernel."))
            return None if is_quiet and not is_changed else ("danger", "drives IPython")
        if path.startswith(("os.environ", "os.getenv")):
            is_one = id(node) in self._places.environment or path.endswith(("()", "[]"))
            return None if is_one or path.count(".") > 1 else of_name(path)
        if path.startswith("sys.modules") and id(node) in self._places.compared:
            return None
        return of_name(path)

    def _of_item(self, node: ast.Subscript) -> Verdict:
        if "os.environ" in self._names.of(node.value):
            return self._of_variable(node.slice, is_read=isinstance(node.ctx, ast.Load))
        return _worst([of_name(path) for path in self._names.of(node) if "[]" not in path])

    def _of_variable(self, name: ast.expr, *, is_read: bool) -> Verdict:
        text = self._names.text(name)
        if text is not None and is_harmless_variable(text):
            return None
        return _READS if is_read else ("notice", "sets an environment variable")

    def _of_string(self, node: ast.expr) -> Verdict:
        places = self._places
        if id(node) in places.documentation or id(node) in places.inner:
            # The longer string, of which it is a part, is looked at.
            return None
        text = self._names.text(node)
        if text is None and (_begins_with_address(node) or loads_image("".join(pieces(node)))):
            return "danger", "puts an address together: what is in it leaves this machine"
        return of_text(text if text is not None else "".join(pieces(node)))

    def _of_call(self, node: ast.Call) -> Iterator[Verdict]:
        paths = self._names.of(node.func)
        for path in paths:
            if path in ("os.getenv", "os.environ.get", "os.environ.pop") and node.args:
                yield self._of_variable(node.args[0], is_read=True)
            elif path.startswith("os.environ.") and not path.endswith(".get"):
                yield "notice", "sets environment variables"
            elif path.startswith(SHELL):
                yield self._of_shell(path.removeprefix(SHELL), node)
            elif path.split(".")[-1] in ("HTML", "display_html") and holds_script(_text_of(node)):
                yield _SCRIPT
            elif path in _BY_NAME | _GETTERS and node.args:
                yield self._of_way_in(node, node.args[0 if path in _GETTERS else 1 :][:1])
            yield self._of_options(path, node)
        yield of_file_use(node, paths, self._names)
        yield self._of_result(node)

    def _of_result(self, node: ast.Call) -> Verdict:
        """Say what a call gives back, where that is known: ``getattr(os, "system")``."""
        found = self._names.of(node)
        return _worst([of_name(path) for path in found if not path.endswith("()")])

    def _of_way_in(self, node: ast.Call, names: list[ast.expr]) -> Verdict:
        """Say what reaching something by a name means, above all by one that is put together."""
        for name in names:
            text = self._names.text(name)
            if text is not None:
                verdict = _worst([of_attribute(part) for part in text.split(".")])
                is_plain = isinstance(name, ast.Constant | ast.Name)
                if not is_plain and text.startswith("__"):
                    return "danger", "reaches something by a name that it puts together"
                return verdict or (None if is_plain else ("notice", "puts a name together"))
            if any(map(is_risky_module, self._names.of(node.args[0]))):
                return "danger", "reaches into a module by a name that is not to be seen"
            if _called(name) & _PUT_TOGETHER or any(
                isinstance(n, ast.Slice) for n in ast.walk(name)
            ):
                return "danger", "reaches something by a name that it puts together"
        return None

    def _of_shell(self, call: str, node: ast.Call) -> Verdict:
        name = call.split(".")[0]
        if name in _SHELL_CALLS:
            return "danger", "runs a shell command"
        if call.startswith(("events.register", "user_ns.update", "user_ns.clear")):
            return "danger", "changes what other cells do"
        if name not in ("run_line_magic", "run_cell_magic", "magic"):
            return None
        texts = [self._names.text(argument) for argument in node.args]
        if not texts or texts[0] is None:
            return "danger", "runs a magic that is not to be seen"
        words = texts[0].lstrip("%").split(None, 1) if name == "magic" else texts
        magic, line, body = [*[word or "" for word in words], "", "", ""][:3]
        return of_magic(magic, line, body)

    def _of_options(self, path: str, node: ast.Call) -> Verdict:
        """Say what options mean that turn a harmless call into another one."""
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        if _is_true(given.get("allow_pickle")):
            return _RUNS_FILE
        if path == "numpy.load" and len(node.args) > 2 and _is_true(node.args[2]):
            return _RUNS_FILE
        if path in ("yaml.load", "yaml.load_all") and "Safe" not in _text_of(node, names=True):
            return _RUNS_FILE
        if path == "torch.load" and not _is_true(given.get("weights_only")):
            return _RUNS_FILE
        if _is_true(given.get("trust_remote_code")):
            return "danger", "downloads code and runs it"
        if _is_true(given.get("shell")):
            return "danger", "runs a shell command"
        if _is_true(given.get("share")):
            return "danger", "opens this machine to the network"
        if path.endswith(".from_pretrained"):
            return "notice", "downloads a model"
        first = self._names.text(node.args[0]) if node.args else None
        if first and is_address(first) and not path.startswith("urllib.parse"):
            return "notice", "takes an address: it may talk to a network"
        return None


def _worst(verdicts: list[Verdict]) -> Verdict:
    # "danger" comes before "notice".
    return min(filter(None, verdicts), default=None)


def _is_true(node: ast.expr | None) -> bool:
    """Tell an option that is on, or that nobody can see to be off."""
    return node is not None and not (isinstance(node, ast.Constant) and not node.value)


def _text_of(node: ast.Call, *, names: bool = False) -> str:
    """Return the strings that a call is given, or all of its words."""
    return ast.unparse(node) if names else "".join(pieces(node))


def _begins_with_address(node: ast.expr) -> bool:
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return isinstance(node, ast.Constant) and is_address(str(node.value))


def _called(node: ast.AST) -> set[str]:
    calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    return {
        part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in calls
    }
