"""Deductions, appeals, inquiries, and the negative records of late reversals."""
