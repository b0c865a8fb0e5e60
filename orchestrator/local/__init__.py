"""Local processes that stand for containers, and what ends them when this program dies."""
