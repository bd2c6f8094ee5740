"""What is done once, or not at all, however long a conversation or an answer is: counts, not times."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

from codex_magic.api.accumulate import Accumulator
from codex_magic.api.backends import OPENAI
from codex_magic.context import secret_forms
from codex_magic.conversation.plans import Plan, next_lineage
from codex_magic.conversation.turns import Conversation, Turn


def test_a_long_answer_is_kept_as_text() -> None:
    """20,000 words take their own memory while they arrive, not that of 20,000 strings."""
    accumulator = Accumulator()
    tracemalloc.start()
    try:
        for number in range(20_000):
            accumulator.apply(
                {
                    "type": "response.output_text.delta",
                    "item_id": "msg_1",
                    "delta": f"{number:07d} ",
                }
            )
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    text = accumulator.snapshot().output_text
    assert 160_000 == len(text)
    assert text.endswith("0019998 0019999 ")
    assert held < 400_000


def test_a_turn_hashes_no_turn_before_it_again() -> None:
    """The number that stands for a history is made from the one before."""
    conversation = Conversation("main")
    for number in range(50):
        conversation.record(Turn(f"{number}", (), text="Yes"), Plan("stateless"))
    conversation.plan("stateless", OPENAI, "model", "service")
    before = next_lineage.cache_info().misses

    conversation.record(Turn("more", (), text="Yes"), Plan("stateless"))
    conversation.plan("stateless", OPENAI, "model", "service")

    assert next_lineage.cache_info().misses - before <= 2


def test_patterns_of_secrets_wait_for_words_that_begin_like_them() -> None:
    """Words without a token's beginning compile none of the 170 patterns."""
    secret_forms._compiled.cache_clear()
    plain = "Why do the two curves cross, and what is a_rather_long_name_of_a_thing?"

    assert [] == list(secret_forms.tokens(plain, plain.encode()))
    assert 0 == secret_forms._compiled.cache_info().currsize

    token = "ghp_" + "a1B2c3D4e5F6" * 3
    assert 1 == len(list(secret_forms.tokens(token, token.encode())))
    assert 1 <= secret_forms._compiled.cache_info().currsize <= 10


def test_a_text_question_imports_no_scan_of_code() -> None:
    """What only code of a model needs is not imported for a question."""
    code = (
        "import sys; import codex_magic.commands; "
        "print([name for name in sys.modules if name.startswith('codex_magic.code.scan')"
        " or name.endswith('text_dangers')])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == found.stdout
