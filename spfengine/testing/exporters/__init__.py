"""Zones written in the forms that others' test fixtures have. What a form can't say is refused, never left out."""
