"""`yijie signatures`: keys that messages are signed with, and what was signed."""
