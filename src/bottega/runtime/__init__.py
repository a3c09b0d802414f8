"""The only place that knows the hardware: device, precision, threads, seeds, memory.

>>> from bottega import runtime
>>> device = runtime.device()                  # the best there is, or what BOTTEGA_DEVICE names
>>> dtype = runtime.precision(device)          # bfloat16 where the hardware multiplies it natively
>>> generator = runtime.seeded(7)              # on the processor, so that noise is the same on every device
"""

from bottega.runtime.determinism import deterministic, seeded
from bottega.runtime.hardware import capabilities, device, precision, set_threads
from bottega.runtime.memory import available_memory, peak_memory, spare_memory, tune_allocator
from bottega.runtime.system_info import matrix_peak, system_info

__all__ = [
    "available_memory",
    "capabilities",
    "deterministic",
    "device",
    "matrix_peak",
    "peak_memory",
    "precision",
    "seeded",
    "set_threads",
    "spare_memory",
    "system_info",
    "tune_allocator",
]
