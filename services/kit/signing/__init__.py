"""Signed messages: canonical form, algorithms, the directory of keys; see docs/signatures.md."""
