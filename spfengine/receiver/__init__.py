"""What a mail server asks of SPF and does with the answer; knows no sockets."""
