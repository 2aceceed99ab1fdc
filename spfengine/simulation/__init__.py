"""Drafts against what is published: what changes, for whom, and why."""
