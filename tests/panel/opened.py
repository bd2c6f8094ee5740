"""A panel in a page: what a user does with it, and what they see."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page

from tests.jupyterlab import LOADING, App, Lab, new_page, wait_until_idle, write_notebook

OPENING = f"{LOADING}\n%codex panel"
# An answer of every kind, one with two pieces of code, and cells.
RICH = """The two curves cross because **one saturates**; see the table.

| step | train | test |
|------|------:|-----:|
| 1 | 0.91 | 0.89 |
| 2 | 0.42 | 0.47 |

The loss is $L = -\\sum_i y_i \\log p_i$, and `fit` returns it:

```python
def fit(x, y):
    \"\"\"Return the slope.\"\"\"
    return (x @ y) / (x @ x)
```

- It is fast.
- It needs [no library](https://example.org).
"""
TWO = """First the numbers:

```python
numbers = [3, 1, 2]
```

then their order:

```python
sorted(numbers)
```
"""
FIGURE = """import matplotlib.pyplot as plt
plt.plot([1, 2, 3], [1, 4, 9])
plt.show()"""
TOOL = '''from codex_magic import tool

@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    print("adding")
    return a + b'''


@dataclass
class Panel:
    """
    The panel in a page.

    Attributes:
        page: The page.
        nth: Which of its views.
    """

    page: Page
    nth: int = 0

    @property
    def root(self) -> Locator:
        """All of it."""
        return self.page.locator(".codex-panel").nth(self.nth)

    @property
    def input(self) -> Locator:
        """Where a question is written."""
        return self.root.get_by_label("Message", exact=True)

    @property
    def answers(self) -> Locator:
        """The turns that stay as they are."""
        return self.root.locator(".codex-turn[data-turn]")

    def ask(self, question: str) -> None:
        """Write a question and send it with the keyboard."""
        self.input.fill(question)
        self.input.press("Shift+Enter")

    def press(self, words: str) -> None:
        """Press a button of the panel's own."""
        self.root.get_by_role("button", name=words, exact=True).click()

    def answered(self, words: str, count: int | None = None) -> None:
        """Wait until an answer with these words stays; and there are so many turns."""
        self.answers.filter(has_text=words).first.wait_for()
        if count is not None:
            self.page.wait_for_function(
                "([nth, count]) => [...document.querySelectorAll('.codex-panel')][nth]"
                ".querySelectorAll('.codex-turn[data-turn]').length === count",
                arg=[self.nth, count],
            )

    def streaming(self, words: str) -> None:
        """Wait until these words have come, of an answer that is still growing."""
        self.root.locator(".codex-growing").filter(has_text=words).wait_for()

    def deed(self, what: str, turn: int = -1) -> None:
        """Press a button of an answer; the last one by default."""
        buttons = self.root.locator(f"button[data-deed='{what}']")
        (buttons.last if turn < 0 else buttons.nth(turn)).click()


def run_cell(page: Page, number: int) -> Locator:
    """Run one of a notebook's cells, do not wait for it, and return it."""
    cell = page.locator(".jp-Notebook .jp-Cell").nth(number)
    cell.locator(".jp-InputArea").click()
    page.keyboard.press("Control+Enter")
    return cell


def opened(
    browser: Browser,
    lab: Lab,
    name: str,
    cells: list[str],
    *,
    app: App = "lab",
    run: int | None = None,
    size: tuple[int, int] | None = None,
    scripted: bool = True,
) -> Panel:
    """Open a notebook, run its cells with the keyboard, and return the panel that one of them shows."""
    write_notebook(lab, name, cells)
    page = new_page(browser, *(size or (1280, 1400)))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(lab.address(name, app))
    page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
    wait_until_idle(page)
    page.locator(".jp-Notebook .jp-Cell").first.locator(".jp-InputArea").click()
    for _ in range(len(cells) if run is None else run):
        page.keyboard.press("Shift+Enter")
    page.wait_for_selector(".codex-panel.codex-scripted" if scripted else ".codex-panel textarea")
    wait_until_idle(page)
    return Panel(page)
