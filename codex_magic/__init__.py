"""Ask an OpenAI model from a notebook cell."""

__version__ = "0.1.0.dev0"
