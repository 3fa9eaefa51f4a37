"""A site is read: fetched, parsed, decided, extracted, stored."""
