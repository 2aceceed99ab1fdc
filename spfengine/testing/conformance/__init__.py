"""Cases of SPF put to any implementation: a command, a policy server, or a function."""
