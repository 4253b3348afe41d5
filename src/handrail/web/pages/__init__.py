"""The pages: rendered on the server, forms post, nothing needs a script."""
