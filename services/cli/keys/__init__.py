"""`yijie keys`: which key wrote what, and changing keys while services run."""
