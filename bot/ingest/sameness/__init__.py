"""What is the same article, and what in it has changed."""
