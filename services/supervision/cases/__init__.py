"""Cases in three stages: reviews, samples, opinions, answers and documents, deductions."""
