"""The code of an answer lands where it was asked for, and runs only when the user says so."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fake_service import FakeService, error, incomplete, text
from tests.fake_service.summary import words
from tests.kernels import (
    Executed,
    Kernel,
    Message,
    connected,
    environment_of,
    running_kernel,
    running_shell,
)

CODE = "Here it is:\n\n```python\nx = 20 + 1\nprint('x is', x)\n```\n\nIt adds."
TWO = "```python\nx = 1\n```\nThen list:\n```bash\nls\n```"
DANGEROUS = "```python\nprint('It is', eval('40 + 2'))\n```"
FAILING = "```python\nvalues = [1, 2]\nvalues[7]\n```"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests of this file."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(running: Kernel, service: FakeService, data_folder: Path) -> Kernel:
    """The kernel, with the extension loaded anew, the service, and an empty store."""
    assert "ok" == running.run(connected(service, data_dir=str(data_folder))).status
    return running


def saying(*answers: str) -> tuple[list[str], Callable[[str], str]]:
    """What a user is asked, as it comes, and one who gives these answers, then none but "n"."""
    asked: list[str] = []
    left = list(answers)

    def answer(question: str) -> str:
        asked.append(question)
        return left.pop(0) if left else "n"

    return asked, answer


def inserted(executed: Executed) -> list[tuple[bool, str]]:
    """What is to be put into cells, and whether it replaces this one."""
    assert "ok" == executed.status, executed.traceback
    found = [one for one in executed.payload if one["source"] == "set_next_input"]
    return [(one["replace"], one["text"]) for one in found]


def instructions(service: FakeService) -> str:
    """What the model was told beforehand at the last question."""
    body = service.requests[-1].body
    assert isinstance(body, dict)
    return str(body.get("instructions"))


def test_code_goes_below(kernel: Kernel, service: FakeService) -> None:
    """The answer is shown, its code is put into one cell with a label, and nothing of it runs."""
    service.enqueue(text(CODE))

    done = kernel.run("%%codex --code\nAdd   some\nnumbers", cell_id="a")

    label = "# codex: Add some numbers"
    assert [(False, f"{label}\nx = 20 + 1\nprint('x is', x)")] == inserted(done)
    assert "It adds." in done.html
    assert "" == done.stdout
    assert "NameError" == kernel.run("del x").error["ename"]


def test_several_blocks_are_one_cell(kernel: Kernel, service: FakeService) -> None:
    """In order, set apart as editors know it, with a shell block as the call that it stands for."""
    service.enqueue(text(TWO))

    [(_, cell)] = inserted(kernel.run("%codex --code Two things, please", cell_id="a"))

    assert cell.startswith("# codex: Two things, please\nx = 1\n\n# %%\n")
    assert 'run_cell_magic("bash"' in cell


def test_the_model_is_asked_for_code(kernel: Kernel, service: FakeService) -> None:
    """After the instructions that hold anyway: the conversation's own, or those of the question."""
    kernel.run('%codex new --instructions "Speak Latin."')
    kernel.run("%codex ask --code -q One")
    of_conversation = instructions(service)
    kernel.run('%codex ask --code -q --instructions "Speak Greek." Two')
    of_question = instructions(service)
    kernel.run("%codex ask -q Three")
    plain = instructions(service)

    assert of_conversation.startswith("Speak Latin.\n\nAnswer with code")
    assert of_question.startswith("Speak Greek.\n\nAnswer with code")
    assert "Speak Latin." == plain


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (text("I would rather not."), "There is no code in the answer"),
        (incomplete(CODE), "The answer is incomplete"),
    ],
    ids=["no code", "incomplete"],
)
def test_nothing_is_inserted_that_is_no_whole_code(
    kernel: Kernel, service: FakeService, answer: object, said: str
) -> None:
    """One line says so, and the cell succeeds."""
    service.enqueue(answer)  # type: ignore[arg-type]

    done = kernel.run("%%codex --code --run\nAdd", cell_id="a")

    assert [] == inserted(done)
    assert done.stdout.startswith(said)
    assert 1 == done.stdout.count("\n")


def test_a_broken_answer_is_put_nowhere(kernel: Kernel, service: FakeService) -> None:
    """An answer that the connection cuts is half an answer, whatever code it has."""
    service.enqueue(text(CODE).cut_after(12))

    done = kernel.run("%%codex --code\nAdd", cell_id="a")

    assert "error" == done.status
    assert [] == done.payload
    assert "its code was put nowhere" in done.stdout


def test_an_interrupted_answer_is_put_nowhere(kernel: Kernel, service: FakeService) -> None:
    """What has arrived stays on the screen, and a line says that it is not in a cell."""
    service.enqueue(text(CODE).hold(12))
    pressed: list[bool] = []

    def interrupt(message: Message) -> None:
        if "Here it is" in message.text and not pressed:
            pressed.append(True)
            kernel.interrupt()

    done = kernel.run("%%codex --run\nAdd", interrupt, cell_id="a")

    assert "error" == done.status
    assert [] == done.payload
    assert "its code was put nowhere" in done.stdout


def test_replace(kernel: Kernel, service: FakeService) -> None:
    """The prompt stays above the code, all of its lines as comments."""
    service.enqueue(text(CODE))

    done = kernel.run("%%codex --replace\nAdd\n\n  some numbers?", cell_id="a")

    comments = "# codex: Add\n#\n#   some numbers?"
    assert [(True, f"{comments}\nx = 20 + 1\nprint('x is', x)")] == inserted(done)


@pytest.mark.parametrize(
    ("answer", "cell"),
    [
        ("```bash\nls\n```", "%%bash\n# codex: Two\n# lines\nls"),
        (
            "```python\n%%html\n<b>x</b>\n```",
            '# codex: Two\n# lines\n\n# %%\nget_ipython().run_cell_magic("html", "", '
            "\"\\n\".join([\n    '<b>x</b>',\n]))",
        ),
    ],
    ids=["bash", "html"],
)
def test_replace_with_a_cell_magic(
    kernel: Kernel, service: FakeService, answer: str, cell: str
) -> None:
    """The prompt goes where it is a comment, and the cell still runs."""
    service.enqueue(text(answer))

    done = kernel.run("%%codex --replace\nTwo\nlines", cell_id="a")

    assert [(True, cell)] == inserted(done)
    assert "ok" == kernel.run(cell).status


def test_replace_spares_other_code(kernel: Kernel, service: FakeService) -> None:
    """A cell that holds more than the question is not replaced, and nothing is sent."""
    done = kernel.run("important = 1\n%codex --replace Add numbers")

    assert "error" == done.status
    assert "put the question into a cell of its own" in done.traceback[0]
    assert [] == service.requests
    assert [] == done.payload


def test_where_cells_cannot_be_written(kernel: Kernel, service: FakeService) -> None:
    """In Colab the code is shown, as text only, and the output says why."""
    service.enqueue(text("```python\nx = '<b>'\n```"))
    kernel.run("import sys, types; sys.modules['google.colab'] = types.ModuleType('colab')")
    try:
        done = kernel.run("%%codex --code\nAdd", cell_id="a")
    finally:
        kernel.run("del sys.modules['google.colab']")

    assert [] == inserted(done)
    assert "Copy the code from here" in done.stdout
    assert "x = &#x27;&lt;b&gt;&#x27;</pre>" in done.html


def test_a_front_end_that_we_do_not_know(kernel: Kernel, service: FakeService) -> None:
    """It is asked for a cell, and the code is shown as well."""
    service.enqueue(text(CODE))

    done = kernel.run("%%codex --code -q\nAdd")

    assert 1 == len(inserted(done))
    assert "If none appears, copy it from here" in done.stdout
    assert "x = 20 + 1" in done.html


def test_a_dry_run_shows_the_instruction(kernel: Kernel, service: FakeService) -> None:
    """Nothing is sent, and nothing is inserted."""
    done = kernel.run("%%codex --code --dry-run\nAdd", cell_id="a")

    assert [] == inserted(done)
    assert [] == service.requests
    assert "Answer with code for this notebook" in done.html


def test_run(kernel: Kernel, service: FakeService) -> None:
    """What the scan says comes first; agreed to, the code runs here and is in the cell below."""
    service.enqueue(text(CODE))
    asked, answer = saying("y")

    done = kernel.run("%%codex --run\nAdd", cell_id="a", answer=answer)

    assert ["Run this code? [y/N] "] == asked
    assert done.stdout.startswith("The scan found nothing dangerous")
    assert done.stdout.endswith("x is 21\n")
    [(_, cell)] = inserted(done)
    assert cell.startswith("# codex, was run above: Add\nx = 20 + 1")
    assert "ok" == kernel.run("assert x == 21; del x").status


def test_run_declined(kernel: Kernel, service: FakeService) -> None:
    """It does not run, and is in the cell below all the same."""
    service.enqueue(text(CODE))
    _, answer = saying("")

    done = kernel.run("%%codex --run\nAdd", cell_id="a", answer=answer)

    assert done.stdout.endswith("It was not run.\n")
    [(_, cell)] = inserted(done)
    assert cell.startswith("# codex: Add\n")
    assert "NameError" == kernel.run("x").error["ename"]


def test_run_where_nobody_can_answer(kernel: Kernel, service: FakeService) -> None:
    """As in nbconvert: it does not run, and the output says so."""
    service.enqueue(text(CODE))

    done = kernel.run("%%codex --run\nAdd", cell_id="a")

    assert "Nobody can answer here: the code was not run." in done.stdout
    assert 1 == len(inserted(done))
    assert "NameError" == kernel.run("x").error["ename"]


@pytest.mark.parametrize(
    ("options", "answers", "ran"),
    [
        ("--run", ["y", "yes"], True),
        ("--run", ["y", "y"], False),
        ("--run", ["y", ""], False),
        ("--run", ["n"], False),
        ("--run --yes", ["yes"], True),
        ("--run --yes", [""], False),
    ],
)
def test_danger_asks_twice(
    kernel: Kernel, service: FakeService, options: str, answers: list[str], ran: bool
) -> None:
    """Also with --yes, and a second "y" out of habit is not enough."""
    service.enqueue(text(DANGEROUS))
    asked, answer = saying(*answers)

    done = kernel.run(f"%%codex {options}\nList", cell_id="a", answer=answer)

    assert len(answers) == len(asked)
    assert "DANGER line 1: eval" in done.stdout
    assert ran == ("It is 42" in done.stdout)


def test_danger_with_yes_and_nobody_there(kernel: Kernel, service: FakeService) -> None:
    """--yes alone runs nothing dangerous."""
    service.enqueue(text(DANGEROUS))

    done = kernel.run("%%codex --run --yes\nList", cell_id="a")

    assert "Nobody can answer here: the code was not run." in done.stdout
    assert 1 == len(inserted(done))


def test_what_names_mean_in_the_notebook_counts(kernel: Kernel, service: FakeService) -> None:
    """An alias from another cell hides nothing from the scan."""
    kernel.run("from shutil import rmtree as tidy")
    service.enqueue(text("```python\ntidy('results')\n```"))
    asked, answer = saying("y", "n")

    done = kernel.run("%%codex --run\nTidy up", cell_id="a", answer=answer)

    assert 2 == len(asked)
    assert "DANGER line 1: tidy" in done.stdout


def test_an_error_goes_round_once(kernel: Kernel, service: FakeService) -> None:
    """The model sees the error with its source; what it gives then is asked about, run and kept."""
    service.enqueue(text(FAILING), text("```python\nvalues = [1, 2]\nprint(values[1])\n```"))
    asked, answer = saying("y", "y", "y")

    done = kernel.run("%%codex --run\nIndex", cell_id="a", answer=answer)

    assert "It failed (IndexError). Ask the model to correct it? [y/N] " == asked[1]
    sent = words(service.requests[-1].context[-1])
    assert "values[7]" in sent
    assert "IndexError" in sent
    assert done.stdout.endswith("2\n")
    [(_, cell)] = inserted(done)
    assert cell.endswith("print(values[1])")


def test_and_not_twice(kernel: Kernel, service: FakeService) -> None:
    """A correction that fails as well is the end of it."""
    service.enqueue(text(FAILING), text(FAILING))
    asked, answer = saying("y", "y", "y", "y")

    done = kernel.run("%%codex --run\nIndex", cell_id="a", answer=answer)

    assert 3 == len(asked)
    assert 2 == len(service.requests)
    assert 1 == len(inserted(done))


def test_a_correction_that_does_not_come(kernel: Kernel, service: FakeService) -> None:
    """What was run stays, and is put below."""
    service.enqueue(text(FAILING), error(400, "bad", "No."))
    _, answer = saying("y", "y")

    done = kernel.run("%%codex --run\nIndex", cell_id="a", answer=answer)

    assert "There is no correction: " in done.stdout
    [(_, cell)] = inserted(done)
    assert cell.endswith("values[7]")


def test_code_that_awaits_is_for_a_cell(kernel: Kernel, service: FakeService) -> None:
    """The running loop cannot run it here, which is said instead of an error."""
    service.enqueue(text("```python\nimport asyncio\nawait asyncio.sleep(0)\n```"))
    asked, answer = saying("y")

    done = kernel.run("%%codex --run\nWait", cell_id="a", answer=answer)

    assert [] == asked
    assert "run it from its own cell" in done.stdout
    assert 1 == len(inserted(done))


def test_code_that_is_no_code_counts_as_dangerous(kernel: Kernel, service: FakeService) -> None:
    """What the scan cannot read needs the second word, too; run, it is one error and no crash."""
    service.enqueue(text("```python\nx = = 1\n```"))
    asked, answer = saying("y", "yes", "n")

    done = kernel.run("%%codex --run\nSet", cell_id="a", answer=answer)

    assert 3 == len(asked)
    assert "It failed (SyntaxError)" in asked[2]
    assert "DANGER line 1: this cell cannot be read" in done.stdout
    assert 1 == len(inserted(done))


def test_fix(kernel: Kernel, service: FakeService) -> None:
    """The error goes along; the explanation, a diff, and the corrected cell come back."""
    kernel.run("ages = {'Ann': 3}\nprint(ages['<b>'])", cell_id="failing")
    service.enqueue(
        text("There is no such key.\n```python\nages = {'Ann': 3}\nprint(len(ages))\n```")
    )

    done = kernel.run("%codex fix", cell_id="a")

    sent = words(service.requests[-1].context[-1])
    assert "KeyError" in sent
    assert "ages['<b>']" in sent
    assert "There is no such key." in done.html
    [diff] = [one for one in done.displays if "codex-diff" in one["data"].get("text/html", "")]
    assert "&lt;" in diff["data"]["text/html"]
    assert "<b>" not in diff["data"]["text/html"]
    assert "-print(ages['<b>'])\n+print(len(ages))" in diff["data"]["text/plain"]
    [(replaces, cell)] = inserted(done)
    assert not replaces
    assert cell.startswith("# codex: correction of cell ")
    assert cell.endswith("\nages = {'Ann': 3}\nprint(len(ages))")


def test_fix_run(kernel: Kernel, service: FakeService) -> None:
    """The corrected cell runs once it is agreed to."""
    kernel.run("1 / 0", cell_id="failing")
    service.enqueue(text("```python\nprint(1 / 2)\n```"))
    asked, answer = saying("y")

    done = kernel.run("%codex fix --run", cell_id="a", answer=answer)

    assert ["Run this code? [y/N] "] == asked
    assert done.stdout.endswith("0.5\n")


def test_fix_that_changes_nothing(kernel: Kernel, service: FakeService) -> None:
    """Is no correction."""
    kernel.run("1 / 0", cell_id="failing")
    service.enqueue(text("```python\n1 / 0\n```"))

    done = kernel.run("%codex fix", cell_id="a")

    assert [] == inserted(done)
    assert "The code is that of the failing cell" in done.stdout


def test_fix_of_code_that_was_run_here(kernel: Kernel, service: FakeService) -> None:
    """No cell of the user's is compared with code that another one ran."""
    kernel.run("[][1]", cell_id="failing")
    service.enqueue(text("```python\n(1, 2)[8]\n```"), text("```python\n(1, 2)[1]\n```"))
    _, answer = saying("y", "n")
    kernel.run("%%codex --run\nIndex", cell_id="a", answer=answer)

    done = kernel.run("%codex fix", cell_id="b")

    assert "(1, 2)[8]" in words(service.requests[-1].context[-1])
    assert "codex-diff" not in done.html
    assert [(False, "# codex: correction\n(1, 2)[1]")] == inserted(done)


def test_explain(kernel: Kernel, service: FakeService) -> None:
    """The last cell that is not ours, or those that are named; its code goes nowhere."""
    kernel.run("first_cell = 1", cell_id="one")
    kernel.run("second_cell = 2", cell_id="two")
    kernel.run("%codex status", cell_id="three")
    service.enqueue(text(CODE), text(CODE))

    last = kernel.run("%codex explain", cell_id="a")
    sent = words(service.requests[-1].context[-1])
    kernel.run("%codex explain -2", cell_id="a")
    both = words(service.requests[-1].context[-1])

    assert "second_cell" in sent
    assert "first_cell" not in sent
    assert "first_cell" in both
    assert [] == inserted(last)


def test_explain_what_is_no_cell(kernel: Kernel, service: FakeService) -> None:
    """It is a question like any other, and nothing goes along."""
    kernel.run("%codex explain what 3 sigma means")

    assert "explain what 3 sigma means" == words(service.requests[-1].context[-1])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fix --replace", "%codex fix takes no --replace."),
        ("explain --run", "leave out --run"),
        ("explain 77", "There is no cell 77"),
        ("continue --code", "for --code, ask anew"),
        ("continue --schema dict", "for --schema, ask anew"),
    ],
)
def test_what_makes_no_sense_is_said(
    kernel: Kernel, service: FakeService, line: str, said: str
) -> None:
    """In one line, before anything is sent."""
    kernel.run("1 + 1")
    service.enqueue(incomplete("Half"))
    kernel.run("%codex ask -q Something")
    before = len(service.requests)

    done = kernel.run(f"%codex {line}")

    assert "error" == done.status
    assert said in done.traceback[0]
    assert before == len(service.requests)


def test_a_terminal_has_a_next_input(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code waits in it; where the input ends, nothing is run."""
    for name in environment_of(service):
        # So that what the cell sets is gone afterwards.
        monkeypatch.setenv(name, "")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    service.enqueue(text(CODE))
    with running_shell() as shell:
        shell.run_cell(connected(service), silent=True).raise_error()

        shell.run_cell("%%codex --run\nAdd")

        assert "# codex: Add\nx = 20 + 1\nprint('x is', x)" == shell.rl_next_input
    assert "Nobody can answer here" in capsys.readouterr().out
