"""What to do: who a sender is, what to write, and the record ready to paste."""
