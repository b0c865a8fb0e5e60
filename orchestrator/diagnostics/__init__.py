"""Files about a check that did not pass, read from the cluster before it is cleaned away."""

from orchestrator.diagnostics.collect import collect, is_worth_it, log_of, of_attempt
from orchestrator.diagnostics.glance import Glance
from orchestrator.diagnostics.inner import caller_rules

__all__ = ["Glance", "caller_rules", "collect", "is_worth_it", "log_of", "of_attempt"]
