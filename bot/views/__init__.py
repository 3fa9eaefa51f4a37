"""Pure views: domain values and a translator in, a screen out."""
