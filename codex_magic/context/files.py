"""Files that a user names: a path, a pattern or an address becomes what a model can read."""

from __future__ import annotations

import difflib
import errno
import glob
import io
import itertools
import os
import re
import stat
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator

from ..errors import ContextError
from .file_kinds import Source, attachment
from .pieces import Attachment

# What an address gives: its bytes, and the type that the server states.
Fetch = Callable[[str], tuple[bytes, str]]

_MOST_FILES = 20
_MOST_LISTED = 10_000
_PATTERN = re.compile(r"[*?\[]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.I)
# Their files look regular, and may block or tell about other processes.
_NOT_FILES = ("/proc/", "/sys/")


def read(path: str, *, fetch: Fetch | None = None, limit: int = 200_000) -> list[Attachment]:
    """
    Return what a path, a pattern as ``data/*.csv`` or an ``https://`` address names.

    Args:
        path: As the user typed it; ``~`` is the home folder.
        fetch: Gets an address; None where nothing may be fetched.
        limit: Characters of each text; a longer one keeps head and tail.

    Raises:
        ContextError: There is no such file, or a model cannot read it.
    """
    path = _unquoted(path)
    scheme = _SCHEME.match(path)
    if scheme and scheme[1].lower() != "file":
        return [_fetched(path, scheme[1].lower(), fetch, limit)]
    if scheme:
        path = urllib.request.url2pathname(urllib.parse.urlsplit(path).path)
    return [_attached(name, limit) for name in _names(path)]


def _unquoted(path: str) -> str:
    path = path.strip()
    if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"":
        path = path[1:-1]
    if not path or "\0" in path:
        raise ContextError("A file needs a name, as data/readme.txt.")
    return path


def _fetched(address: str, scheme: str, fetch: Fetch | None, limit: int) -> Attachment:
    if scheme != "https":
        raise ContextError(f"{address!r} is not fetched: only https:// addresses are.")
    if fetch is None:
        raise ContextError(f"{address!r} cannot be fetched here. Save it, and name the file.")
    data, mime = fetch(address)
    name = urllib.parse.unquote(urllib.parse.urlsplit(address).path.rpartition("/")[2])
    mime = mime.partition(";")[0].strip().lower()
    found = Source(address, name, len(data), lambda: io.BytesIO(data), mime)
    return attachment(found, limit)


def _names(path: str) -> list[str]:
    """Return the files that a path names, as the user would write them."""
    expanded = os.path.expanduser(path)
    if os.path.lexists(expanded):
        return [path]
    if not _PATTERN.search(path):
        # A path from Windows, in a notebook that runs elsewhere.
        other = path.replace("\\", "/")
        return [other if os.path.lexists(os.path.expanduser(other)) else path]
    matches = (name for name in glob.iglob(expanded, recursive=True) if os.path.isfile(name))
    found = sorted(itertools.islice(matches, _MOST_FILES + 1))
    if not found:
        raise ContextError(f"No file matches {path!r}. {_here()}")
    if len(found) > _MOST_FILES:
        raise ContextError(
            f"{path!r} matches more than {_MOST_FILES} files. Name fewer, with a narrower pattern."
        )
    return [name.replace("\\", "/") if os.sep == "\\" else name for name in found]


def _attached(path: str, limit: int) -> Attachment:
    real = os.path.expanduser(path)
    try:
        _check(path, os.stat(real), os.path.realpath(real))
        size = os.path.getsize(real)
        found = Source(
            path, os.path.basename(real), size, lambda: io.BufferedReader(io.FileIO(real))
        )
        return attachment(found, limit)
    except (FileNotFoundError, NotADirectoryError):
        raise ContextError(_missing(path, real)) from None
    except PermissionError:
        raise ContextError(
            f"{path!r} may not be read by this kernel. Change its permissions, or copy it."
        ) from None
    except (OSError, ValueError) as failure:
        raise ContextError(f"{path!r} cannot be read: {_reason(failure)}. Check it.") from failure


def _check(path: str, status: os.stat_result, real: str) -> None:
    """Refuse what is no file, before a byte of it is read."""
    if stat.S_ISDIR(status.st_mode):
        raise ContextError(f"{path!r} is a folder. {_inside(path)}")
    if not stat.S_ISREG(status.st_mode) or real.startswith(_NOT_FILES):
        raise ContextError(f"{path!r} is a device or a pipe, not a file. Name a file.")


def _inside(path: str) -> str:
    """Return what to name instead of a folder."""
    folder = os.path.expanduser(path)
    files = [name for name in _listed(folder) if os.path.isfile(os.path.join(folder, name))]
    if not files:
        return "Name a file."
    endings = Counter(os.path.splitext(name)[1] for name in files if os.path.splitext(name)[1])
    shown = path.rstrip("/\\").replace("\\", "/")
    first = f"Name a file in it, as {shown}/{min(files)}"
    if not endings:
        return f"{first}."
    return f"{first}, or several, as {shown}/*{endings.most_common(1)[0][0]}."


def _missing(path: str, real: str) -> str:
    """Return the message for a path that leads nowhere, with what was probably meant."""
    folder, name = os.path.split(real.rstrip("/\\"))
    what = "file"
    while folder and not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder, name = os.path.split(folder)
        what = "folder"
    near = _near(name, folder or os.curdir)
    if near is None:
        return f"There is no file {path!r}. {_here()}"
    if what == "folder":
        return f"There is no folder {name!r} for {path!r}. Did you mean {near!r}?"
    start = path[: len(path) - len(name)] if path.endswith(name) else ""
    return f"There is no file {path!r}. Did you mean {start + near!r}?"


def _near(name: str, folder: str) -> str | None:
    listed = list(_listed(folder))
    lower = {entry.lower(): entry for entry in listed}
    found = difflib.get_close_matches(name.lower(), lower, 1, cutoff=0.6)
    if found:
        return lower[found[0]]
    stems = {os.path.splitext(entry)[0].lower(): entry for entry in listed}
    # The same name with another ending, or with none.
    return stems.get(os.path.splitext(name)[0].lower())


def _listed(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entry.name for entry in itertools.islice(entries, _MOST_LISTED))
    except OSError:
        return


def _here() -> str:
    try:
        return f"The kernel works in {os.getcwd()!r}."
    except OSError:
        return "The kernel's working folder is gone; name the whole path."


def _reason(failure: Exception) -> str:
    if isinstance(failure, OSError) and failure.errno == errno.ELOOP:
        return "its links lead in a circle"
    text = failure.strerror if isinstance(failure, OSError) and failure.strerror else str(failure)
    return text[:1].lower() + text[1:]
