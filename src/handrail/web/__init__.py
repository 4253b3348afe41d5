"""The web inbox and the API: how people decide in a browser, and how programs ask them."""
