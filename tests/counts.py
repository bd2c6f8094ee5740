"""How often the long tests go round: a tenth in everyday runs, all of it when asked."""

from __future__ import annotations

import os


def count(full: int) -> int:
    """Return ``full`` where ``CODEX_MAGIC_TESTS`` is ``full``, and a tenth of it elsewhere."""
    return full if os.environ.get("CODEX_MAGIC_TESTS") == "full" else max(1, full // 10)
