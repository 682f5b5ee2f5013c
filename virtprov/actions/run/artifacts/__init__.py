"""What a step creates or changes: one class for each kind of artifact, and what they need."""
