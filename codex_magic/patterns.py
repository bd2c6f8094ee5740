"""Regular expressions that are compiled when they are first tried: most texts try few of them."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def late(text: AnyStr, flags: int | re.RegexFlag = 0) -> re.Pattern[AnyStr]:
    """
    Return what ``re.compile`` returns, or what becomes it when one of its methods is asked for.

    >>> late("b+").search("abbc")[0]
    'bb'
    """
    return cast("re.Pattern[AnyStr]", _Late(text, flags))


class _Late:
    """A pattern that has not been tried yet, and after that the methods of the compiled one."""

    def __init__(self, text: Any, flags: int | re.RegexFlag) -> None:
        self._source = (text, flags)

    def __getattr__(self, name: str) -> Any:
        # What was found stays: the next time nobody asks here.
        method = getattr(re.compile(*self._source), name)
        setattr(self, name, method)
        return method

    def __repr__(self) -> str:
        return repr(re.compile(*self._source))
