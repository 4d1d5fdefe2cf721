"""Commands that ask the registries: institutions, filings, catalogues and their mapping."""
