"""One folder or file per tool: its settings and the function that runs it. ``registry`` lists them."""
