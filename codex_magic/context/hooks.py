"""Functions that an object calls in the place of its own, until they are taken off again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Loaded with the extension: nothing heavy.

_NOTHING = object()


class Hooks:
    """Functions put before others' methods, all of them taken off at once."""

    def __init__(self) -> None:
        self._hooks: list[_Hook] = []

    def put(self, target: Any, name: str, make: Callable[[Any], Any]) -> None:
        """
        Let an object call another function in the place of its method.

        Args:
            target: The object; one that cannot be changed is left alone.
            name: The method.
            make: Makes the new function of the old one, which it must call.
        """
        try:
            self._hooks.append(_Hook(target, name, make))
        except (AttributeError, TypeError):
            pass

    def release(self, target: Any) -> None:
        """Give an object that is used no more its own methods back."""
        for hook in [hook for hook in self._hooks if hook.target is target]:
            self._hooks.remove(hook)
            hook.take_off()

    def take_off(self) -> None:
        """Give every object its own methods back."""
        while self._hooks:
            self._hooks.pop().take_off()


class _Hook:
    """
    One such function.

    Where somebody else put a function before ours, ours stays below it, where it passes every call
    on and does nothing else: it looks whether it is still wanted. When theirs is gone, it goes, too.
    """

    __slots__ = ("_before", "_function", "name", "spent", "target")

    def __init__(self, target: Any, name: str, make: Callable[[Any], Any]) -> None:
        self.target, self.name, self.spent = target, name, False
        self._before = vars(target).get(name, _NOTHING)
        while _is_spent(self._before):
            self._before = self._before.hook._before
        original = getattr(target, name)
        while _is_spent(original):
            original = original.__wrapped__
        self._function = make(original)
        self._function.hook = self
        # inspect.signature() and the like see the method as it is.
        self._function.__wrapped__ = original
        setattr(target, name, self._function)

    def take_off(self) -> None:
        self.spent = True
        if vars(self.target).get(self.name) is not self._function:
            return
        before = self._before
        while _is_spent(before):
            before = before.hook._before
        if before is _NOTHING:
            delattr(self.target, self.name)
        else:
            setattr(self.target, self.name, before)


def _is_spent(function: Any) -> bool:
    """Whether this is a function of ours that was taken off below another's."""
    hook = getattr(function, "hook", None)
    return isinstance(hook, _Hook) and hook.spent
