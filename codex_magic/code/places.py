"""Where in a cell a name or a string stands, when that makes it harmless, or worse."""

from __future__ import annotations

import ast

from .dangers import Verdict

# These look at a module, and do nothing with what is in it.
_LOOK = {
    "getattr",
    "hasattr",
    "help",
    "dir",
    "vars",
    "print",
    "type",
    "id",
    "repr",
    "reload",
    "display",
}
_STARTS = (
    "fork",
    "forkpty",
    "Popen",
    "Process",
    "Thread",
    "submit",
    "run",
    "call",
    "system",
    "spawn",
)


class Places:
    """
    The places of a cell's expressions, by their `id`.

    Attributes:
        documentation: Strings that only document, or only stand there.
        handed_on: Names that are given to something else as a whole.
        environment: Uses of the environment that are looked at as a whole: one variable of it.
        compared: What is only looked into, as in ``"torch" in sys.modules``.
        inner: Strings that are part of a longer one.
    """

    def __init__(self, tree: ast.AST) -> None:
        self.documentation: set[int] = set()
        self.handed_on: set[int] = set()
        self.environment: set[int] = set()
        self.compared: set[int] = set()
        self.inner: set[int] = set()
        for node in ast.walk(tree):
            self._add(node)

    def _add(self, node: ast.AST) -> None:
        match node:
            case ast.Expr(value=ast.Constant() as text):
                self.documentation.add(id(text))
            case ast.Call():
                self._add_call(node)
            case ast.Match(subject=name) | ast.Yield(value=ast.Name() as name):
                self.handed_on.add(id(name))
            case ast.Return(value=ast.Name() as name) | ast.Lambda(body=ast.Name() as name):
                self.handed_on.add(id(name))
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                self.handed_on.update(map(id, parts))
            case ast.Dict(values=parts):
                self.handed_on.update(map(id, parts))
            case ast.Assign(targets=targets, value=value):
                if not all(isinstance(target, ast.Name | ast.Tuple) for target in targets):
                    self.handed_on.add(id(value))
            case ast.ClassDef(body=body):
                kept = [
                    statement
                    for statement in body
                    if isinstance(statement, ast.Assign | ast.AnnAssign)
                ]
                self.handed_on.update(id(statement.value) for statement in kept)
            case ast.Subscript(value=value):
                self.environment.add(id(value))
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[where]):
                self.environment.add(id(where))
                self.compared.add(id(where))
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                self.inner.update((id(left), id(right)))
            case ast.JoinedStr(values=parts):
                self.inner.update(map(id, parts))

    def _add_call(self, node: ast.Call) -> None:
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name not in _LOOK:
            self.handed_on.update(map(id, node.args))
            self.handed_on.update(id(keyword.value) for keyword in node.keywords)
        if (
            isinstance(function, ast.Attribute)
            and name in ("get", "setdefault", "pop")
            and node.args
        ):
            self.environment.update((id(function), id(function.value)))
        if name == "getenv" and node.args:
            self.environment.add(id(function))


def of_loop(node: ast.While) -> Verdict:
    """Say whether a loop without an end starts processes, or only never ends."""
    if not isinstance(node.test, ast.Constant) or not node.test.value:
        return None
    inside = [part for statement in node.body for part in ast.walk(statement)]
    if any(
        isinstance(part, ast.Break | ast.Return | ast.Raise | ast.Yield | ast.Await)
        for part in inside
    ):
        return None
    called = [part.func for part in inside if isinstance(part, ast.Call)]
    names = {
        part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in called
    }
    if names & set(_STARTS):
        return "danger", "starts processes without end"
    return "notice", "is a loop without an end"
