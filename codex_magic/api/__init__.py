"""The wire: HTTP, events and responses; it knows nothing of notebooks or conversations."""
