"""The only place that knows the hardware: device, precision, threads, seeds, memory.

>>> from bottega import runtime
>>> device = runtime.device()                  # the best there is, or what BOTTEGA_DEVICE names
>>> dtype = runtime.precision(device)          # bfloat16 where the hardware multiplies it natively
>>> generator = runtime.seeded(7)              # on the processor, so that noise is the same on every device
"""

from bottega.runtime.hardware import capabilities, device, precision, set_threads
from bottega.runtime.machine import machine, matrix_peak
from bottega.runtime.memory import available_memory, peak_memory, spare_memory, tune_allocator
from bottega.runtime.repeatable import deterministic, seeded

__all__ = [
    "available_memory",
    "capabilities",
    "deterministic",
    "device",
    "machine",
    "matrix_peak",
    "peak_memory",
    "precision",
    "seeded",
    "set_threads",
    "spare_memory",
    "tune_allocator",
]
