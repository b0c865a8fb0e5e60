"""`doctor`: is this machine, and is this cluster, fit for a run? Looks, and changes nothing."""
