"""The months of the journal: made ahead, listed, taken out of use, brought back."""
