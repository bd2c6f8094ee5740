"""
What was said: turns, conversations and the session that asks one question.

``turns`` and ``plans`` hold the history and decide what of it a request carries; ``session`` asks,
``repairs`` helps where a service refuses; ``editing``, ``compaction`` and ``adopting`` change a
history; ``store`` and ``journal`` keep it; the ``tool`` modules answer calls.
"""
