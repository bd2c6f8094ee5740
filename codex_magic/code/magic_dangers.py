"""What IPython's magics and commands do in a cell: the table of the scan."""

from __future__ import annotations

import re

from .dangers import Level, Verdict
from .text_dangers import holds_script, is_harmless_variable, of_text

_SHELL: tuple[Level, str] = ("danger", "runs a shell command")
_HARMLESS = {
    *(
        "matplotlib",
        "pylab",
        "who",
        "whos",
        "who_ls",
        "precision",
        "pinfo",
        "pinfo2",
        "pdoc",
        "psource",
    ),
    *(
        "pdef",
        "pfile",
        "psearch",
        "pwd",
        "lsmagic",
        "magic",
        "quickref",
        "colors",
        "xmode",
        "tb",
        "gui",
    ),
    *(
        "autoreload",
        "aimport",
        "watermark",
        "latex",
        "markdown",
        "Markdown",
        "svg",
        "SVG",
        "pprint",
    ),
    *("doctest_mode", "automagic", "autoawait", "memit", "autosave", "page", "subshell", "dirs"),
}
# The rest of the line, or the cell, is Python that runs here.
HOLDS_PYTHON = {"time", "timeit", "prun", "capture", "memit", "mprun", "lprun", "debug"}
_DANGERS: dict[str, tuple[Level, str]] = {
    **dict.fromkeys(
        [
            *(
                "bash",
                "sh",
                "script",
                "system",
                "sx",
                "cmd",
                "powershell",
                "pwsh",
                "perl",
                "ruby",
                "zsh",
            ),
            *(
                "!",
                "node",
                "rm",
                "rmdir",
                "mv",
                "cp",
                "ln",
                "mkdir",
                "lk",
                "ll",
                "lf",
                "lx",
                "ldir",
            ),
            *("cat", "less", "more", "man", "clear", "ddir", "copy", "del", "ren"),
        ],
        _SHELL,
    ),
    **dict.fromkeys(
        ["python", "python3", "pypy", "pypy3", "python2"], ("danger", "starts another Python")
    ),
    **dict.fromkeys(
        ["run", "load", "loadpy", "macro", "rerun", "recall", "rep"],
        ("danger", "runs or loads other code"),
    ),
    **dict.fromkeys(
        ["alias", "alias_magic", "unalias", "rehashx", "edit", "ed"],
        ("danger", "sets up other commands"),
    ),
    **dict.fromkeys(["store"], ("danger", "loads what was pickled, or keeps it on disk")),
    **dict.fromkeys(["writefile", "file"], ("danger", "overwrites a file")),
    **dict.fromkeys(
        ["save", "logstart", "notebook", "history", "hist"],
        ("danger", "writes files, or shows the history"),
    ),
    **dict.fromkeys(["pastebin"], ("danger", "publishes code")),
    **dict.fromkeys(["reset", "reset_selective", "xdel"], ("danger", "deletes variables")),
    **dict.fromkeys(["javascript", "js", "Javascript"], ("danger", "runs a script in the page")),
    **dict.fromkeys(
        ["cython", "R", "Rpush", "julia", "fortran", "cu", "nvcc", "octave"],
        ("danger", "runs native or foreign code"),
    ),
    **dict.fromkeys(["codex"], ("danger", "asks a model by itself")),
    **dict.fromkeys(["killbgscripts", "kill"], ("danger", "stops processes")),
    **dict.fromkeys(
        ["bookmark", "cd", "pushd", "popd"], ("notice", "changes the working directory")
    ),
    **dict.fromkeys(["pdb", "debug"], ("notice", "waits for a debugger")),
    **dict.fromkeys(["load_ext", "reload_ext", "unload_ext"], ("notice", "loads an extension")),
    **dict.fromkeys(["tensorboard"], ("notice", "starts a server")),
    **dict.fromkeys(["sql", "bigquery", "bq"], ("notice", "asks a database")),
    **dict.fromkeys(["html", "HTML"], ("notice", "shows HTML")),
}
_INSTALLERS = {"pip", "conda", "mamba", "micromamba", "uv"}
_SAFE_EXTENSIONS = {
    "autoreload",
    "codex_magic",
    "line_profiler",
    "memory_profiler",
    "watermark",
    "sql",
}
_SHELL_MARKS = re.compile(r"[;&|<>`${\n]")
_HARMLESS_CONFIG = re.compile(
    r"(?:InlineBackend|IPCompleter|Completer|SqlMagic|HistoryManager)\b.*|\w+"
    r"|InteractiveShell\.(?:ast_node_interactivity|colors)\b.*|ZMQInteractiveShell\.ast_node_interactivity\b.*"
)


def of_magic(name: str, line: str, body: str = "") -> Verdict:
    """
    Return what a magic means, with its line and the cell below it.

    >>> of_magic("pip", "install pandas")
    ('danger', 'installs software')
    >>> of_magic("matplotlib", "inline")
    """
    words = line.split()
    if name in _HARMLESS or name in HOLDS_PYTHON - {"debug"}:
        return None
    if name in _INSTALLERS:
        looks = bool(words) and words[0] in ("list", "show", "freeze", "--version", "check", "info")
        return (
            ("notice", "asks for what is installed") if looks else ("danger", "installs software")
        )
    if name in ("env", "set_env"):
        return _of_variable(line)
    if name == "config":
        is_harmless = _HARMLESS_CONFIG.fullmatch(line.strip()) or not words
        return None if is_harmless else ("danger", "changes how IPython or an extension works")
    if name in ("ls", "dir"):
        return _SHELL if _SHELL_MARKS.search(line) else None
    if name == "load_ext" and words and words[0] in _SAFE_EXTENSIONS:
        return None
    if name in ("html", "HTML") and holds_script(body or line):
        return "danger", "runs a script in the page"
    if name in ("sql", "bigquery", "bq"):
        return of_text(f"{line}\n{body}") or _DANGERS[name]
    return _DANGERS.get(name, ("danger", "is a magic that nothing is known of"))


def _of_variable(line: str) -> Verdict:
    name = re.split(r"[=\s]", line.strip(), maxsplit=1)[0]
    if is_harmless_variable(name):
        return None
    return "danger", "reads or sets environment variables, where secrets are"
