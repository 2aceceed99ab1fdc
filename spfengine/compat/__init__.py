"""Interfaces of other SPF libraries to this engine, so that code written for them runs."""
