"""Catalog: datasets and batches as Adobe's API shows them. The records themselves are the lake's."""
