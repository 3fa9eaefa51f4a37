"""The article on its page, rebuilt as blocks."""
