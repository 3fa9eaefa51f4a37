"""A person's update comes in; a query, a view, and the answer is shown."""
