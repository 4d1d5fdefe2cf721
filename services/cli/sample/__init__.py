"""`yijie sample`: synthetic data (示例) in the form in which provinces send theirs."""
