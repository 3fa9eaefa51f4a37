"""Telegram and the newsroom in a browser, with the real bot in between: ``make demo``."""
