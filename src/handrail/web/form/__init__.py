"""A form from a JSON Schema: what it shows, and what was posted with it."""
