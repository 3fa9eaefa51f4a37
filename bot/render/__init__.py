"""Documents become Telegram text and entities, cut into pages."""
