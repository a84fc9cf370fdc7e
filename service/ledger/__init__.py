"""What is remembered between calls, and shared by all workers: a database by its address."""
