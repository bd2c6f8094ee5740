"""What was said: turns, conversations and the session that asks one question."""
