"""Asking a site, as a good guest."""
