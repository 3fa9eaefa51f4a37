"""A Telegram and a newsroom on this machine: what the demo and the tests run the real bot against."""
