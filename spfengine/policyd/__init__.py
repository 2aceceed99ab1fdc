"""The policy server: connections, fairness between domains and networks, metrics and log, around `receiver.Delegation`.

`server` has the sockets and signals, `connection` one client, `fairness` who waits for whom, `accounts` what checks
have cost, `lane` how they wait, `metered` what questions cost, `metrics` the numbers, `log` what the log says, `lines`
how it is written, `systemd` what systemd hands over, `bounds` how many of everything.
"""
