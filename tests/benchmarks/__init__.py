"""What it costs, beside what others cost: ``python -m tests.benchmarks``."""
