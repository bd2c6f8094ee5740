"""Rows of plain words, shown: an HTML table in a notebook, columns of text in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .progress import printable
from .reply import Bundle, is_notebook

Row = Sequence[str]
_WIDEST = 60


def show_table(shell: Any, rows: Sequence[Row], *, head: Row = (), title: str = "") -> None:
    """
    Show rows in the running cell, or print them where there is only text.

    Args:
        shell: The shell, or None outside of one.
        rows: Their cells, as plain text.
        head: What the columns are called; empty where the first cell of a row names it.
        title: A line above.
    """
    if is_notebook(shell):
        shell.display_pub.publish(
            table_bundle(rows, head=head, title=title), {"codex_magic": {"table": True}}
        )
    else:
        print(table_text(rows, head=head, title=title))


def table_bundle(rows: Sequence[Row], *, head: Row = (), title: str = "") -> Bundle:
    """Return what a front end shows of rows."""
    from .markdown import escape_text, sanitize  # Markdown and its sanitizer are heavy.

    def cells(row: Row, tag: str) -> str:
        # JupyterLab aligns the cells of HTML tables to the right, as pandas wants it.
        start = f'<{tag} style="text-align:left">'
        return "".join(f"{start}{escape_text(cell)}</{tag}>" for cell in row)

    above = f"<small>{escape_text(title)}</small>" if title else ""
    first = f"<thead><tr>{cells(head, 'th')}</tr></thead>" if head else ""
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    html = f'<div class="codex-table">{above}<table>{first}<tbody>{body}</tbody></table></div>'
    text = table_text(rows, head=head, title=title)
    return {"text/html": sanitize(html), "text/plain": text}


def table_text(rows: Sequence[Row], *, head: Row = (), title: str = "") -> str:
    """
    Return rows as columns of text.

    >>> print(table_text([("model", "gpt-5.4"), ("effort", "low")]))
    model   gpt-5.4
    effort  low
    """
    whole = [tuple(map(printable, row)) for row in ([head] if head else []) + list(rows)]
    widths = [min(max(map(len, column)), _WIDEST) for column in zip(*whole, strict=True)]
    lines = [title] if title else []
    lines += ["  ".join(_padded(row, widths)).rstrip() for row in whole]
    return "\n".join(lines)


def _padded(row: Row, widths: Sequence[int]) -> Iterator[str]:
    for cell, width in zip(row, widths, strict=True):
        yield cell.ljust(width)
