"""Email: what a reply means. From the raw bytes of a mail to the decision its sender clearly made, or none.

Everything here is pure: bytes and text in, facts out. When in doubt nothing is decided.
"""
