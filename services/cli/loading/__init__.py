"""`yijie load KIND FILE`: a province's files into the registries."""
