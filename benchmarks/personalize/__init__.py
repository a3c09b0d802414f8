"""How near adjusted pictures come to a condition, and how much of the drawing they keep."""
