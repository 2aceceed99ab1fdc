"""What to do: who an address is, and what follows from that for a record."""
