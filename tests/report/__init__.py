"""Reports in HTML: what they show, and that nothing in them is more than text."""
