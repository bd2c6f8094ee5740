"""Where code goes: into cells below, into the place of one, or onto the screen to be copied."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from .assistant import Assistant
from .bridge import NewCell
from .code.blocks import Block, joined, labelled
from .code.diff import diff_html, diff_text
from .context import cells
from .display.progress import plural, printable
from .display.reply import is_notebook
from .errors import ConfigError
from .records import dataclass

# JupyterLab's themes have none for Pygments' names of what went and came.
_COLOURS = {"gd": "background:rgba(248,81,73,.2)", "gi": "background:rgba(46,160,67,.2)"}


@dataclass(frozen=True, slots=True)
class Target:
    """A cell that is to be replaced: its id, what it is called, and what stands in it."""

    id: str
    name: str
    source: str


def put(shell: Any, source: str, *, in_place: bool = False) -> None:
    """Put a text into a new cell below, or into this one; where that cannot be, show it."""
    if "google.colab" in sys.modules:
        print("This front end lets nobody write into cells. Copy the code from here:")
        show_code(shell, source)
        return
    shell.set_next_input(source, replace=in_place)
    if is_notebook(shell) and not _is_known(shell):
        print("The code is for a cell of its own. If none appears, copy it from here:")
        show_code(shell, source)


def put_below(assistant: Assistant, answer: Sequence[Block], title: str, *, quiet: bool) -> None:
    """
    Put the code of an answer into cells below: several through the bridge, else into one.

    Args:
        assistant: Whose shell it is.
        answer: The blocks of an answer; what is prose between two pieces of code is a cell, too.
        title: What each cell says first, as a comment.
        quiet: Whether a line says what became of it only where nothing did.
    """
    source = labelled(joined(answer), title)
    cells = list(cells_of(answer, title))
    if len(cells) < 2 or not assistant.bridge.mounted:
        put(assistant.shell, source)
        return
    said = f"{plural(len(cells), 'cell')} below"
    told = _Told(assistant.shell, source, quiet=quiet)
    told.begin(f"The code goes into {said}.")
    asked = assistant.bridge.insert(
        cells, done=lambda problem: told.end(problem, f"The code is in {said}.")
    )
    if not asked:
        told.end("the page went away", "")


def target_of(assistant: Assistant, spec: str) -> Target:
    """
    Return the cell that ``--replace`` names.

    Raises:
        ConfigError: Nobody can write into it, or it names another number of cells than one.
        ContextError: There is no such cell.
    """
    bridge, option = assistant.bridge, f"--replace {spec}"
    if not bridge.mounted:
        why = "no page of this notebook answered" if bridge.opened else "run %codex connect first"
        raise ConfigError(
            f"{option} needs the bridge to the page: {why}. --code and --replace alone do not."
        )
    recorder = assistant.preparing.recorder
    executions = recorder.executions if recorder else ()
    found = cells.select(spec, executions, assistant.preparing.notebook.read)
    if len(found) != 1:
        raise ConfigError(f"{option} names {plural(len(found), 'cell')}: name one.")
    cell = found[0]
    cell_id = cell.execution.cell_id if cell.execution else cell.saved.id if cell.saved else ""
    pushed = bridge.cells()
    known = {one.id: one for one in pushed.cells} if pushed else {}
    if cell_id not in known or known[cell_id].kind != "code":
        raise ConfigError(f"{option}: that is no code cell of the page.")
    return Target(cell_id, cell.label, known[cell_id].source)


def put_into(assistant: Assistant, target: Target, source: str, *, quiet: bool) -> None:
    """Put code into another cell, and show what changes there."""
    if source == target.source:
        print(f"The code is that of {target.name}: nothing was replaced.")
        return
    if not quiet:
        show_diff(assistant.shell, target.source, source)
    told = _Told(assistant.shell, source, quiet=quiet)
    told.begin(f"The code goes into {target.name}.")
    asked = assistant.bridge.replace(
        target.id,
        source,
        expected=target.source,
        done=lambda problem: told.end(problem, f"The code is in {target.name}."),
    )
    if not asked:
        told.end("the page went away", "")


def show_code(shell: Any, source: str) -> None:
    """Show code so that one click selects all of it."""
    if not is_notebook(shell):
        print(printable(source))
        return
    from .display.line import code_html  # With a library that is heavy.
    from .display.sanitize import well_formed

    bundle = {"text/html": well_formed(code_html(source)), "text/plain": well_formed(source)}
    shell.display_pub.publish(bundle, {"codex_magic": {"code": True}})


def show_diff(shell: Any, old: str, new: str) -> None:
    """Show what changes from one text of a cell to another."""
    text = diff_text(old, new)
    if not is_notebook(shell):
        print(printable(text))
        return
    from .display.sanitize import well_formed  # Its library is heavy.

    page = diff_html(old, new)
    for css, colour in _COLOURS.items():
        # All that comes from the cells is escaped: such a tag is the diff's own.
        page = page.replace(f'<span class="{css}">', f'<span class="{css}" style="{colour}">')
    bundle = {"text/html": well_formed(page), "text/plain": well_formed(text)}
    shell.display_pub.publish(bundle, {"codex_magic": {"diff": True}})


class _Told:
    """Says what becomes of code that a page is to write; the page may answer at any time."""

    def __init__(self, shell: Any, source: str, *, quiet: bool) -> None:
        from .display.line import Line  # With a library that is heavy.

        self._line, self._source, self._quiet = Line(shell), source, quiet

    def begin(self, words: str) -> None:
        """Say what is asked for: it stays, if the page is closed before it answers."""
        more = " If it does not appear: %codex show."
        self._line.say("" if self._quiet else words + more)

    def end(self, problem: str, words: str) -> None:
        """Say what came of it; the code, if nothing did."""
        if problem:
            where = "The code was put nowhere"
            self._line.say(f"{where}: {printable(problem)}. Copy it from here:", self._source)
        elif not self._quiet:
            self._line.say(words)


def cells_of(answer: Sequence[Block], title: str) -> Iterator[NewCell]:
    """Yield an answer as cells, from its first piece of code to its last; each says its title first."""
    places = [place for place, block in enumerate(answer) if block.kind == "code"]
    from .display.escaped import escaped_markdown  # With a library that is heavy.

    count = len(places)
    for place in range(places[0], places[-1] + 1) if places else ():
        block = answer[place]
        if block.kind == "markdown":
            # The page would fetch an image that the model names.
            yield NewCell(escaped_markdown(block.source).strip(), "markdown")
            continue
        number = places.index(place) + 1
        label = f"{title} ({number} of {count})" if count > 1 else title
        yield NewCell(labelled(block.source, label))


def _is_known(shell: Any) -> bool:
    """Whether the front end says which cell asks, as those do that take cells from us."""
    request: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    return bool((request.get("metadata") or {}).get("cellId"))
