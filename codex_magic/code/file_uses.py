"""Says which calls of a cell write files, and whether they overwrite them or send them away."""

from __future__ import annotations

import ast
import re

from .dangers import Verdict
from .denotes import Names
from .text_dangers import is_address

_OPENERS = {
    "open",
    "codecs.open",
    "gzip.open",
    "bz2.open",
    "lzma.open",
    "os.fdopen",
    "tokenize.open",
}
_WRITERS = {
    *("to_csv", "to_excel", "to_parquet", "to_json", "to_feather", "to_hdf", "to_stata", "to_html"),
    *(
        "to_latex",
        "to_markdown",
        "to_pickle",
        "to_xml",
        "to_orc",
        "to_netcdf",
        "to_zarr",
        "to_file",
    ),
    *(
        "savefig",
        "imsave",
        "imwrite",
        "save",
        "savez",
        "savez_compressed",
        "savetxt",
        "tofile",
        "dump",
    ),
    *("write_image", "write_html", "write_csv", "write_parquet", "write_json", "save_model"),
    *("save_pretrained", "saveas", "FileHandler", "ExcelWriter", "to_sql", "to_clipboard"),
}
_ARCHIVES = {
    "zipfile.ZipFile",
    "tarfile.open",
    "h5py.File",
    "ZipFile",
    "numpy.memmap",
    "pandas.HDFStore",
}
_MODE = re.compile(r"[rwax+][bt+]{0,2}")
_OVERWRITES: Verdict = ("danger", "overwrites a file")
_WRITES: Verdict = ("notice", "writes a file")
_SENDS: Verdict = ("danger", "sends data to a network")


def of_file_use(node: ast.Call, paths: set[str], names: Names) -> Verdict:
    """
    Say what a call does to files.

    What ``open`` and its like overwrite may be anything. What pandas and the others save is data,
    in a file of its own: that is worth a notice, unless it goes to a network or replaces a table.

    Args:
        node: The call.
        paths: What its function may be.
        names: The names of the cell.
    """
    attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if "functools.partial" in paths and node.args and names.of(node.args[0]) & _OPENERS:
        return _of_mode(_argument(node, 9, "mode"), names)
    if paths & _OPENERS:
        if _is_hidden(node):
            return "danger", "opens a file, perhaps to overwrite it"
        return _of_mode(_argument(node, 1, "mode"), names)
    if attribute == "open" and any(path.startswith(("pathlib.", "?")) for path in paths):
        return _of_mode(_argument(node, 0, "mode"), names)
    if attribute == "open" and _MODE.fullmatch(names.text(_argument(node, 0, "mode")) or ""):
        # Perhaps a path of a cell above.
        return _of_mode(_argument(node, 0, "mode"), names)
    if paths & _ARCHIVES:
        mode = names.text(_argument(node, 1, "mode")) or "r"
        return _WRITES if mode[:1] in "wax" else None
    if "fileinput.input" in paths and _argument(node, 9, "inplace") is not None:
        return _OVERWRITES
    if attribute in _WRITERS and (node.args or node.keywords):
        return _of_writer(node, attribute, names)
    return None


def _of_writer(node: ast.Call, attribute: str, names: Names) -> Verdict:
    if attribute == "to_sql":
        is_replaced = names.text(_argument(node, 9, "if_exists")) == "replace"
        return ("danger", "replaces a table of a database") if is_replaced else _WRITES
    given = [*node.args[:2], *(keyword.value for keyword in node.keywords)]
    if any(is_address(names.text(part) or "") for part in given):
        return _SENDS
    return _WRITES


def _of_mode(mode: ast.expr | None, names: Names) -> Verdict:
    if mode is None:
        return None
    text = names.text(mode)
    if text is None:
        return "danger", "opens a file, perhaps to overwrite it"
    if "w" in text or "+" in text:
        return _OVERWRITES
    return _WRITES if "a" in text or "x" in text else None


def _is_hidden(node: ast.Call) -> bool:
    """Tell arguments that are unpacked where they are given."""
    unpacked = any(isinstance(argument, ast.Starred) for argument in node.args)
    return unpacked or any(keyword.arg is None for keyword in node.keywords)


def _argument(node: ast.Call, position: int, name: str) -> ast.expr | None:
    for keyword in node.keywords:
        if keyword.arg == name:
            return keyword.value
    return node.args[position] if position < len(node.args) else None
