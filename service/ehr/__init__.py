"""We call the EHR: what was sent with the call, and later what was not."""
