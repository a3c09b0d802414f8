"""Adjusting a picture to a condition: closed form, network, optimization, rendering."""
