"""What a docstring tells, in the styles that people write."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codex_magic.conversation.docstrings import documentation_of

_GOOGLE = """
Sum things up.

    More of it.

    Args:
        first (int): The first,
            over two lines.
        second: The second.
        *rest: Others.

    Returns:
        int: The sum.

    Raises:
        ValueError: Never.
"""
_NUMPY = r"""
    Sum things up.

    More of it.

    Parameters
    ----------
    first : int
        The first,
        over two lines.
    second : float, optional
        The second.
    \*rest
        Others.

    Returns
    -------
    int
        The sum.

    Examples
    --------
    >>> 1
"""
_SPHINX = """Sum things up.

More of it.

:param first: The first,
    over two lines.
:type first: int
:param second: The second.
:param rest: Others.
:return: The sum.
:raises ValueError: Never.
"""


@pytest.mark.parametrize("text", [_GOOGLE, _NUMPY, _SPHINX], ids=["google", "numpy", "sphinx"])
def test_three_styles_tell_the_same(text: str) -> None:
    """The description has what it returns; errors and examples are not the model's business."""
    told = documentation_of(text)

    assert ["Sum things up.", "More of it.", "Returns: The sum."] == [
        line.strip() for line in told.description.splitlines() if line.strip()
    ]
    assert {
        "first": "The first, over two lines.",
        "second": "The second.",
        "rest": "Others.",
    } == told.parameters
    assert "int" == told.types["first"]


@pytest.mark.parametrize(
    ("text", "description"),
    [
        (None, ""),
        ("", ""),
        ("  One line.  ", "One line."),
        ("A note: this.\nThat: too.", "A note: this.\nThat: too."),
        ("Odd.\n\nArgs:\nnot indented", "Odd.\n\nArgs:\nnot indented"),
        ("Broken.\n\n:param", "Broken.\n\n:param"),
        ("A: b\n: :param x: y :return: z", "A: b\n: :param x: y :return: z"),
    ],
)
def test_a_text_in_no_style_is_the_description(text: str | None, description: str) -> None:
    """Nothing of it is lost, and nothing raises."""
    told = documentation_of(text)

    assert (description, {}) == (told.description, told.parameters)


def test_without_the_parser_all_of_it_is_the_description() -> None:
    """The parser comes with an extra."""
    program = (
        "import sys; sys.modules['docstring_parser'] = None\n"
        "from codex_magic.conversation.docstrings import documentation_of\n"
        "print(documentation_of('Add.\\n\\nArgs:\\n    a: One.'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )

    assert "" == found.stderr
    assert "description='Add.\\n\\nArgs:\\n    a: One.', parameters={}" in found.stdout
