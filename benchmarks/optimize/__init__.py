"""How fast style transfer by optimisation is, against a plain implementation of the same losses."""
