"""No list of news is found here."""

EXPECTED = None
