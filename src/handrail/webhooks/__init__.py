"""Webhooks: what happens, told to programs by signed calls (Standard Webhooks, CloudEvents), and decided by such calls.

Imports nothing: what calls, and what calls need, is loaded where it is used.
"""
