"""What a page says about its article: its title, lead, dates, authors and sections."""
