"""Parts that other programs load: each module is for one program, and imports it."""
