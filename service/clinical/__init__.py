"""The pure core: the chart is read, its findings noted, the order rated, the card written."""
