"""The list of news that a page without a feed shows."""
