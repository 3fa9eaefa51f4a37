"""Feeds and sitemaps, read."""
