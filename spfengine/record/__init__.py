"""Syntax: from the text of a record (RFC 7208 §12) to an immutable tree whose every term knows its place."""
