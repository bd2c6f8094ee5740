"""What is seen: events become Markdown, and Markdown becomes safe HTML."""
