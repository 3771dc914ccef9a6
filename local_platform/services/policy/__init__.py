"""Data usage labels of datasets, and the policy question for a marketing action."""
