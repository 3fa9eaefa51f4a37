"""``python -m bot read``: what would be kept of an address or a file."""
