"""Policies before and after a change, held against senders of any number, part by part and wherever the parts are."""
