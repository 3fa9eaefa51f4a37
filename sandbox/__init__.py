"""A Telegram and a newsroom on this machine, for the demo and the tests to run the bot against."""
