"""What several checks share; no check, since its name begins with an underscore."""
