"""Evidence: who sends mail for a domain, read from reports, messages, logs and tables that strangers wrote."""
