"""What lands in cells: code blocks of an answer."""
