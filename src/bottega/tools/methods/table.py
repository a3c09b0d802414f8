"""The methods of painting by name. A new method is one file and one line here."""

from __future__ import annotations

from bottega.tools.methods.adain import ADAIN
from bottega.tools.methods.fast import FAST
from bottega.tools.methods.method import Method
from bottega.tools.methods.micro import MICRO
from bottega.tools.methods.multi import MULTI
from bottega.tools.methods.optimize import OPTIMIZE
from bottega.tools.methods.photo import PHOTO

METHODS: dict[str, Method] = {method.name: method for method in (MICRO, OPTIMIZE, PHOTO, ADAIN, FAST, MULTI)}

DEFAULT_METHOD = "micro"
"""The one place that decides what ``bottega stylize`` does when no method is asked for."""
