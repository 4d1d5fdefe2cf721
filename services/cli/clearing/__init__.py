"""Commands of the hub's officers for clearing: months, tables, netting, the synthetic year."""
