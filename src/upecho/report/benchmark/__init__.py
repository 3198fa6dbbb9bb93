"""Terminal reports of benchmark results and of comparisons."""
