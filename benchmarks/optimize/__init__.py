"""How fast style transfer by optimization is, against a plain implementation of the same losses."""
