"""From a request to remove guests to a plan, and its steps."""
