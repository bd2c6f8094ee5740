"""The code of an answer: into a cell below, in the place of this one, or run once the user agrees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .asking import Options
from .assistant import Assistant
from .code.blocks import Block, blocks, joined, labelled
from .command_words import cut
from .display.progress import printable
from .display.reply import Reply, is_notebook
from .errors import CodexError, ConfigError
from .functions import for_code, screen_for
from .landing import Landing
from .placing import put, put_below, put_into, show_code

if TYPE_CHECKING:
    from .code.scan import Finding

_AGAIN = "The code that you wrote failed with this error. Give all of it again, corrected."


def asking_for_code(
    assistant: Assistant, options: Options, landing: Landing, *, ours: bool
) -> Options:
    """
    Return what a question asks for, with the instruction that its answer be code.

    Args:
        assistant: Who asks.
        options: What it asks for otherwise.
        landing: Where the code is to go.
        ours: Whether the whole cell is ours.

    Raises:
        ConfigError: The cell that would be replaced holds more than the question; or running code
            is not allowed here.
    """
    if landing.run:
        assistant.policy.check_tools()
    if landing.replace and not ours and is_notebook(assistant.shell):
        raise ConfigError(
            "--replace would replace all of this cell: put the question into a cell of its own, "
            "or use --code."
        )
    if not landing:
        return options
    options = replace(options, instructions=for_code(assistant, options))
    if not landing.into:
        return options
    # A cell that is to be replaced goes along: it is named, and the footer says so.
    seen = f"{options.cells},{landing.into}" if options.cells else landing.into
    return replace(options, cells=seen)


def land(
    assistant: Assistant,
    reply: Reply,
    prompt: str,
    options: Options,
    landing: Landing,
    *,
    quiet: bool = False,
) -> None:
    """
    Put the code of an answer where it is to go, and run it if that is asked for and allowed.

    Args:
        assistant: Who asked.
        reply: The answer, which has been shown.
        prompt: The question as the user wrote it.
        options: What it asked for.
        landing: Where its code is to go.
        quiet: Whether the answer was not shown.
    """
    code = code_of(reply)
    if not code:
        return
    ran = False
    if landing.run:
        code, ran = _run(assistant, code, reply, options, quiet=quiet)
    if landing.target:
        put_into(assistant, landing.target, joined(code), quiet=quiet)
    elif landing.replace:
        put(assistant.shell, _below_prompt(code, prompt), in_place=True)
    else:
        title = "codex, was run above" if ran else "codex"
        put_below(assistant, code, f"{title}: {cut(reply.prompt)}", quiet=quiet)


def code_of(reply: Reply) -> list[Block]:
    """Return an answer with code as cells; where there is none, or only half of it, say so."""
    if reply.status != "completed":
        print(
            f"The answer is {reply.status}: its code was put nowhere. Ask for less at a time, or "
            "with more --max-output-tokens."
        )
        return []
    found = blocks(reply.text)
    if not any(block.kind == "code" for block in found):
        print("There is no code in the answer: nothing was put into a cell.")
        return []
    for note in dict.fromkeys(block.note for block in found if block.note):
        print(f"In the code: {printable(note)}")
    return found


def run_code(assistant: Assistant, source: str, options: Options) -> tuple[bool, Any]:
    """
    Show what is dangerous in code, ask, and run it in this cell's output.

    Returns:
        Whether it was run, and the error that it ended with, or None.
    """
    from .code.scan import names_of, scan  # Only for this.

    assistant.policy.check_tools()
    shell = assistant.shell
    findings = scan(source, names_of(shell.user_ns))
    _show(findings)
    if _waits(shell, source):
        print("It waits at its top level, with await: run it from its own cell.")
        return False, None
    if not _allowed(findings, options):
        return False, None
    result = shell.run_cell(source, store_history=False)
    return True, result.error_before_exec or result.error_in_exec


def say_half(assistant: Assistant, landing: Landing) -> None:
    """Say of an answer that broke off that its code was put nowhere, if it was to be."""
    last = assistant.replies[-1] if assistant.replies and landing else None
    if last is not None and last.status == "interrupted" and last.text:
        print("Only a part of the answer arrived: its code was put nowhere.")


def _run(
    assistant: Assistant, code: list[Block], reply: Reply, options: Options, *, quiet: bool
) -> tuple[list[Block], bool]:
    """Run code, and what the model makes of its error, at most once; return what came last."""
    if quiet or _is_several(code):
        print("This is what would run:")
        show_code(assistant.shell, joined(code))
    ran, error = run_code(assistant, joined(code), options)
    if not isinstance(error, Exception):
        return code, ran
    question = f"It failed ({type(error).__name__}). Ask the model to correct it? [y/N] "
    if not (options.yes or confirmed(question)):
        return code, ran
    better = _corrected(assistant, reply, options, error, quiet=quiet)
    if not better:
        return code, ran
    if quiet or _is_several(better):
        print("This is what would run now:")
        show_code(assistant.shell, joined(better))
    return better, run_code(assistant, joined(better), options)[0]


def _is_several(answer: Sequence[Block]) -> bool:
    """Whether the code that would run stands in the answer piece by piece."""
    return sum(block.kind == "code" for block in answer) > 1


def _corrected(
    assistant: Assistant, reply: Reply, options: Options, error: Exception, *, quiet: bool
) -> list[Block]:
    """Return the code that the model gives in the place of some that failed; nothing for none."""
    prompt = f"{reply.prompt}\n\n{_AGAIN}" if options.once else _AGAIN
    # What went along with the question still does, in the conversation.
    more = replace(
        options,
        cells=None,
        vars=(),
        figures=(),
        images=(),
        files=(),
        error=error,
        context="none",
        new=False,
        keep=False,
    )
    screen = screen_for(assistant, ours=False, quiet=quiet, raw=False)
    try:
        return code_of(assistant.ask(prompt, more, screen))
    except CodexError as failure:
        # What was run is still worth its cell; an error here would keep it from that.
        print(f"There is no correction: {printable(str(failure))}")
        return []


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        mark = "DANGER" if finding.level == "danger" else "note"
        print(f"{mark:<6} line {finding.line}: {printable(finding.what)} {finding.why}")
    if not findings:
        print("The scan found nothing dangerous, which is no proof: read the code.")


def _allowed(findings: Sequence[Finding], options: Options) -> bool:
    """Whether the user wants code to run: asked once, and again where it is dangerous."""
    from .code.scan import is_dangerous  # Only for this.

    first = options.yes or confirmed("Run this code? [y/N] ")
    if first and is_dangerous(findings):
        first = confirmed("It is dangerous (see above). Write yes to run it all the same: ", "yes")
    if first is None:
        print("Nobody can answer here: the code was not run.")
    elif not first:
        print("It was not run.")
    return bool(first)


def confirmed(question: str, *answers: str) -> bool | None:
    """
    Return whether the user agrees; None where nobody can answer.

    Args:
        question: What is asked.
        answers: What counts as a yes; y and yes if that is left out.
    """
    try:
        answer = input(question)
    except (EOFError, OSError, NotImplementedError):
        # A kernel without an input prompt says that with a NotImplementedError of its own.
        return None
    return answer.strip().lower() in (answers or ("y", "yes"))


def _waits(shell: Any, source: str) -> bool:
    """Whether code awaits at its top level, which a loop that runs already cannot do for us."""
    if not is_notebook(shell):
        return False
    try:
        code = shell.transform_cell(source)
    except SyntaxError:
        # Running it shows what is wrong.
        return False
    return bool(shell.should_run_async(source, transformed_cell=code))


def _below_prompt(code: list[Block], prompt: str) -> str:
    """Return code with the question above it, as comments."""
    lines = re.split(r"\r\n|\r|\n", f"codex: {prompt.strip()}")
    comments = "\n".join(f"# {line}".rstrip() for line in lines)
    source = joined(code)
    if not source.startswith("%%"):
        return f"{comments}\n{source}"
    if labelled(source, "x") == source:
        # In this magic's cell a comment would be text: it becomes a call below the comments.
        return joined([Block("code", comments, "python"), *code])
    first, _, body = source.partition("\n")
    return f"{first}\n{comments}\n{body}"
