"""Find out whose an address is."""
