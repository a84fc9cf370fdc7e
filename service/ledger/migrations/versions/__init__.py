"""One file a version, each with the step to it and back."""
