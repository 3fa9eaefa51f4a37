"""The only door to the Bot API: session, pacing, errors turned into outcomes."""
