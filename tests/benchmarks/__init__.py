"""What a call costs, beside what others would have built: `make bench`."""
