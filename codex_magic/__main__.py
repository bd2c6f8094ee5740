"""The package at a terminal: ``python -m codex_magic``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .errors import CodexError
from .version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "serve":
                return _serve(options)
            case "doctor":
                return _doctor(options)
            case _:
                return _ask(options, parser)
    except CodexError as exc:
        print(f"{type(exc).__name__}: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m codex_magic",
        description="Ask an OpenAI model, serve the embedded one, or see what is missing.",
    )
    parser.add_argument("--version", action="version", version=f"codex_magic {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_ask(commands.add_parser("ask", help="ask one question and print the answer"))
    _add_serve(commands.add_parser("serve", help="serve the embedded model on this machine"))
    _add_doctor(commands.add_parser("doctor", help="check what is needed; exit 1 for a problem"))
    return parser


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backend", metavar="NAME", help="the service")
    parser.add_argument(
        "--ask", action="store_true", help="ask the model for 60 numbers, to see them stream"
    )


def _add_ask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "prompt", nargs="*", metavar="PROMPT", help="the question; - reads standard input"
    )
    parser.add_argument("-m", "--model", help="the model")
    parser.add_argument("--backend", metavar="NAME", help="the service")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", nargs="?", metavar="MODEL", help="a GGUF file, or hf:owner/repo[:file]"
    )
    parser.add_argument(
        "--port", type=int, default=8080, metavar="N", help="default: 8080; 0: any that is free"
    )
    parser.add_argument("--api-key", metavar="KEY", help="demand this key; default: none")


def _serve(options: argparse.Namespace) -> int:
    from .local import serve

    serve(options.model, port=options.port, api_key=options.api_key)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    # Imported here: `serve` does not need it.
    from .assistant import Assistant
    from .display.tables import table_text
    from .doctor import announcement, examine, is_well
    from .doctor_commands import rows_of, verdict

    assistant = Assistant()
    try:
        print(announcement(assistant, backend=options.backend, ask=options.ask))
        checks = list(examine(assistant, backend=options.backend, ask=options.ask))
        print(table_text(rows_of(checks), title=verdict(checks)))
    finally:
        assistant.close()
    return 0 if is_well(checks) else 1


def _ask(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    # Imported here: `serve` does not need it.
    from .functions import ask_in_terminal

    prompt = _prompt(options.prompt)
    if not prompt.strip():
        parser.error("ask: there is no question")
    return ask_in_terminal(prompt, model=options.model, backend=options.backend)


def _prompt(words: list[str]) -> str:
    if words == ["-"] or (not words and not sys.stdin.isatty()):
        return sys.stdin.read()
    return " ".join(words)


if __name__ == "__main__":
    sys.exit(main())
