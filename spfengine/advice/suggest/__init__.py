"""Find the smallest change to a record that gives senders the results they should have."""
