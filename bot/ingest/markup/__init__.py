"""What feeds, lists and articles share: documents as trees, their text, dates and pictures."""
