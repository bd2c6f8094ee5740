"""What a test has to say besides that it passed: a table, a count."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
TOLD = "told"
