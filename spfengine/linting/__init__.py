"""What is wrong, risky or without effect in a domain's SPF, in words that a mail admin understands."""
