"""What is sent: notebook things become text and images."""
