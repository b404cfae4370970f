"""Results as plots, tables and pages."""
