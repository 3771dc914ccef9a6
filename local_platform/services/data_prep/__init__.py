"""Data Prep: mapping sets, the expressions in them, and rows mapped to XDM."""
