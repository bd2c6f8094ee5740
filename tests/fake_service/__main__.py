"""
Serve until interrupted, for kernels and demonstrations.

    python -m tests.fake_service --port 8123

prints its base URL on the first line, and on the second the key that it demands.
A prompt with the word "demo" is answered with a rich Markdown text, others with what was seen.
"""

import argparse
import re
import threading
from pathlib import Path

from .answers import Answer, text
from .errors import Json
from .profiles import PROFILES
from .service import API_KEY, FakeService, default_answer
from .summary import words

RICH = Path(__file__).parents[1] / "fixtures" / "answers" / "rich.md"
SUMMARY = (
    "**Reading the question**\n\nThe user would like to see what an answer can look like.",
    "**Planning the answer**\n\nA list, a table, some code, and a little mathematics.",
)


def demo_answer(context: list[Json], body: Json) -> Answer:
    """A rich answer to a demonstration, the usual one to anything else."""
    prompts = [words(item) for item in context if item.get("role") == "user"]
    if prompts and re.search(r"\bdemo\b", prompts[-1], re.IGNORECASE):
        return text(RICH.read_text(encoding="utf-8"), reasoning=SUMMARY)
    return default_answer(context, body)


def main() -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fake_service")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.01, help="seconds between two events")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="openai")
    parser.add_argument("--api-key", default=API_KEY, help='the key to demand; "" demands none')
    given = parser.parse_args()

    def answer(context: list[Json], body: Json) -> Answer:
        return demo_answer(context, body).pause(given.pause)

    service = FakeService(
        given.profile, port=given.port, api_key=given.api_key or None, answer=answer
    )
    with service:
        print(service.base_url, flush=True)
        print(service.api_key or "(no key)", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
