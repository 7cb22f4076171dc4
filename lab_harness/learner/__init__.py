"""A learner's progress, and whether the learner's machine is ready."""
