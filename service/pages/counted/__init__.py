"""The tables of the report: what is counted, in the words and the numbers that people may see."""
