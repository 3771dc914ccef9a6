"""Benchmarks: ratios of two things that are measured side by side, in one run, on one machine (`make bench`).

Seconds depend on the machine and on who else uses it; a ratio of two measurements taken in turn does so far less.
"""
