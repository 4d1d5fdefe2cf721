"""`yijie policy`: check, explain, compare, start, test and publish benefit policies."""
