"""Counts of a ledger's rows, day by day, and those of past days that are kept."""
