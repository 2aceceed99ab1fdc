"""The meaning of a record for every address there is: compiled once, asked and compared as often as you like."""
