"""The orchestrator: plans checks, runs each as a Job under its own identity, reports."""
