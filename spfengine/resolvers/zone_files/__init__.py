"""Readers of zone files and exports, by format."""
