"""Vestnik: a publisher's news bot for Telegram."""

__version__ = "0.1.0"
