"""Summaries of objects: what lies in their attributes, without a property or a method called."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any

from .inspection import (
    attributes,
    class_attribute,
    class_dict,
    class_name,
    exact,
    is_a,
    library_class,
    library_names,
    module_name,
    mro,
    type_name,
)
from .one_line import hidden, named_value, one_line
from .scalars import scalar
from .summaries import Summary, fit, listed, plural, without

# Packages whose objects stand for something elsewhere, or for work that is not done yet.
_ELSEWHERE = {
    *("dask", "dask_expr", "distributed", "pyspark", "ibis", "sqlalchemy", "duckdb", "vaex"),
    *("modin", "ray", "snowflake", "databricks", "bigframes", "daft", "datafusion", "narwhals"),
    *("h5py", "zarr", "netCDF4", "tables", "xarray", "datasets", "intake", "fsspec", "s3fs"),
    *("django", "peewee", "tortoise", "pymongo", "motor", "redis", "elasticsearch", "cassandra"),
    *("psycopg", "psycopg2", "asyncpg", "pymysql", "mysql", "cx_Oracle", "oracledb", "pyodbc"),
    *("sqlite3", "boto3", "botocore", "requests", "httpx", "aiohttp", "urllib3", "socket"),
    *("selenium", "playwright", "paramiko", "rpyc", "Pyro5", "grpc", "zmq", "kubernetes"),
    *("docker", "ee", "wandb", "mlflow", "multiprocessing"),
}
_LAZY_POLARS = ("LazyFrame", "Expr", "LazyGroupBy")
_UNTOUCHED = "lazy, remote or on disk: not computed and not touched"
_FIGURES = {
    ("matplotlib", "Figure"),
    ("matplotlib", "Axes"),
    ("PIL", "Image"),
    ("plotly", "BaseFigure"),
}


def object_summary(value: Any, room: int) -> Summary:
    """Describe an object of any type by its type and the names of its attributes."""
    title = type_name(value)
    remark = _remark(value)
    if remark:
        title += f" ({remark})"
    if remark == _UNTOUCHED:
        return Summary(title, [], ("without what it stands for",))
    notebook = module_name(type(value)) == "__main__"
    held = attributes(value)
    lines = [*_doc(value)]
    budget = (room - sum(map(len, lines))) // 2
    if held and notebook:
        lines.extend(
            ["attributes:", *(fitted := fit(_with_values(held), budget, what="attributes")).lines]
        )
        missing = fitted.missing
    else:
        names, missing = listed(_with_types(held), budget)
        lines.extend([f"attributes: {names}"] if names else [])
    methods, _ = listed(_public(value), min(budget, 1_000))
    if methods:
        lines.append(f"its classes have: {methods}")
    notes = [] if notebook or not held else ["without the values of its attributes"]
    return Summary(title, lines, (*notes, *_missing(missing)))


def _missing(number: int) -> tuple[str, ...]:
    return (f"without {plural(number, 'attribute')}",) if number else ()


def _remark(value: Any) -> str:
    lazy = library_class(value, "polars", *_LAZY_POLARS)
    if lazy or any(package in _ELSEWHERE for package, _ in library_names(value)):
        return _UNTOUCHED
    if any(pair in _FIGURES for pair in library_names(value)):
        return "--fig sends it as an image"
    return ""


def _doc(value: Any) -> list[str]:
    doc = class_dict(type(value)).get("__doc__")
    return [doc.strip().partition("\n")[0][:200]] if type(doc) is str and doc.strip() else []


def _with_types(held: dict[str, Any]) -> Iterable[str]:
    return (f"{name[:80]} ({type_name(each)})" for name, each in held.items())


def _with_values(held: dict[str, Any]) -> list[str]:
    return [f"  {name[:80]}: {named_value(name, each, 100)}" for name, each in held.items()]


def _public(value: Any) -> list[str]:
    names: dict[str, None] = {}
    for cls in mro(value)[:-1]:
        for name in list(class_dict(cls))[:500]:
            if type(name) is str and not name.startswith("_"):
                names[name[:80]] = None
    return list(names)


def fields_summary(value: Any, room: int) -> Summary:
    """Describe a dataclass, an attrs class, a pydantic model or a namespace by its fields' values."""
    held = attributes(value)
    declared = class_attribute(value, "__dataclass_fields__")
    secret = {
        name
        for name, field in (declared.items() if type(declared) is dict else ())
        # What its own repr does not show is not shown here.
        if attributes(field).get("repr") is False
    }
    public = {name: each for name, each in held.items() if not name.startswith("__")}
    lines = [
        f"  {name[:80]}: "
        + ("<not in its repr>" if name in secret else named_value(name, each, 200))
        for name, each in public.items()
    ]
    fitted = fit(lines, room, what="fields")
    return Summary(type_name(value), [*_doc(value)[:1], *fitted.lines], _missing(fitted.missing))


def exception_summary(value: BaseException, room: int) -> Summary:
    """Describe an exception: its arguments, its notes, what caused it."""
    arguments = BaseException.__dict__["args"].__get__(value)
    lines = [one_line(each, min(1_000, room)) for each in arguments[:10]]
    notes = attributes(value).get("__notes__")
    if type(notes) is list:
        lines += [f"note: {one_line(each, 300)}" for each in notes[:5]]
    for name in ("__cause__", "__context__"):
        other = BaseException.__dict__[name].__get__(value)
        if other is not None:
            lines.append(f"{name.strip('_')}: {type_name(other)}")
            break
    if BaseException.__dict__["__traceback__"].__get__(value) is not None:
        lines.append("it has a traceback: --error sends the last one")
    return Summary(f"exception {type_name(value)}", lines)


def model_summary(value: Any, room: int) -> Summary:
    """Describe a model of scikit-learn's kind: its parameters, and what it learned, by shape."""
    held = attributes(value)
    parameters = _parameters(value)
    fitted = [name for name in held if name.endswith("_") and not name.startswith("_")]
    lines = [
        f"  {name}: {named_value(name, held[name], 300)}" for name in parameters if name in held
    ]
    state = [f"  {name}: {one_line(held[name], 60)}" for name in fitted]
    first = fit(lines, room * 2 // 3, what="parameters")
    second = fit(state, room - sum(map(len, first.lines)) - 60, what="attributes")
    # Some look elsewhere, as a pipeline at its last step.
    unsure = class_attribute(value, "__sklearn_is_fitted__") is not None
    title = type_name(value) + (", fitted" if fitted else "" if unsure else ", not fitted")
    learned = ["learned:", *second.lines] if state else []
    return Summary(
        title,
        [*(["parameters:", *first.lines] if lines else []), *learned],
        _missing(first.missing + second.missing),
    )


def _parameters(value: Any) -> list[str]:
    """Return the names that its __init__ takes, as scikit-learn asks of a model."""
    made = class_attribute(value, "__init__")
    if type(made) is not types.FunctionType:
        return []
    code = made.__code__
    return list(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])


def network_summary(value: Any, room: int) -> Summary:
    """Describe a torch module: its layers, and how many parameters they have."""
    lines: list[str] = []
    total = _layers(value, "", lines, set())
    fitted = fit(lines, room, what="layers")
    training = attributes(value).get("training")
    mode = {True: ", in training mode", False: ", in evaluation mode"}.get(training is True, "")
    mode = mode if is_a(training, bool) else ""
    title = f"{type_name(value)}, {plural(total, 'parameter')}{mode}"
    notes = without(fitted.missing, len(lines), "layers")
    return Summary(title, fitted.lines, notes)


def _layers(module: Any, indent: str, lines: list[str], seen: set[int]) -> int:
    """Write the layers below a module, and return how many parameters it has; a shared one once."""
    held = attributes(module)
    total = sum(_size(each, seen) for each in _values(held.get("_parameters")).values())
    for name, child in _values(held.get("_modules")).items():
        if id(child) in seen or len(lines) > 500 or len(indent) > 40:
            continue
        seen.add(id(child))
        at = len(lines)
        lines.append("")
        below = _layers(child, indent + "  ", lines, seen)
        own = ", ".join(_settings(child))
        lines[at] = f"{indent}  {name[:60]}: {class_name(type(child)).rpartition('.')[2]}({own})"
        lines[at] += f", {plural(below, 'parameter')}" if below else ""
        total += below
    return total


def _values(held: Any) -> dict[str, Any]:
    if not is_a(held, dict):
        return {}
    return {exact(key): each for key, each in dict.items(held) if is_a(key, str)}


def _size(parameter: Any, seen: set[int]) -> int:
    cls = library_class(parameter, "torch", "Tensor")
    if cls is None or id(parameter) in seen:
        return 0
    seen.add(id(parameter))
    try:
        size = 1
        for length in parameter.shape:
            size *= int(length)
    except Exception:
        # A layer that has not seen its input yet has no shape.
        return 0
    return size


def _settings(module: Any) -> list[str]:
    return [
        f"{name}={scalar(each, 30)}"
        for name, each in attributes(module).items()
        if not name.startswith("_")
        and name != "training"
        and not hidden(name, each)
        and each is not None
        and scalar(each, 30) is not None
    ][:8]
