"""The chat panel: an ipywidgets chat that shares the kernel's conversations with the cells."""

from .panel import ChatPanel

__all__ = ["ChatPanel"]
