"""Who is at the other end: passwords, cookies, keys, links and the tokens of forms."""
