"""One file per method of painting; the table of methods is what ``--method`` is derived from."""

from bottega.tools.stylize.methods.base import Extras, Method, Stylizer, Task
from bottega.tools.stylize.methods.registry import DEFAULT_METHOD, METHODS

__all__ = ["DEFAULT_METHOD", "METHODS", "Extras", "Method", "Stylizer", "Task"]
