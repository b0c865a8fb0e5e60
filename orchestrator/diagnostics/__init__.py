"""Files about a check that did not pass, read from the cluster before it is cleaned away."""
