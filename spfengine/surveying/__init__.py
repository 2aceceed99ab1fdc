"""Surveys: what the records of many domains come to, one line for each."""
