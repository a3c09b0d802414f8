"""Networks on engines: any picture in any style in one pass, as fast as the machine allows.

>>> from bottega.transfer.onepass import one_pass
>>> micro = one_pass()
>>> code = micro.encode(style)                          # (1, 3, H, W) in [0, 1], once
>>> painted = micro.paint_bytes(photograph, Manner(code))      # (H, W, 3) uint8
"""

from __future__ import annotations

from bottega.transfer.onepass.engines import ENGINES
from bottega.transfer.onepass.one_pass import OnePass, one_pass

__all__ = ["ENGINES", "OnePass", "one_pass"]
