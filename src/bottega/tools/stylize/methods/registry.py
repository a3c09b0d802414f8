"""The methods of painting by name. A new method is one file and one line here."""

from __future__ import annotations

from bottega.tools.stylize.methods.adain import ADAIN
from bottega.tools.stylize.methods.base import Method
from bottega.tools.stylize.methods.fast import FAST
from bottega.tools.stylize.methods.micro import MICRO
from bottega.tools.stylize.methods.multi import MULTI
from bottega.tools.stylize.methods.optimize import OPTIMIZE
from bottega.tools.stylize.methods.photo import PHOTO

METHODS: dict[str, Method] = {method.name: method for method in (MICRO, OPTIMIZE, PHOTO, ADAIN, FAST, MULTI)}

DEFAULT_METHOD = "micro"
"""The one place that decides what ``bottega stylize`` does when no method is asked for."""
