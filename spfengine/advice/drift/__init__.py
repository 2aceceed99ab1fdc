"""Drift: what others changed since a snapshot, as the exact difference of what records mean."""
