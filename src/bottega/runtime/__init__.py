"""The only package that knows the hardware: device, precision, threads, seeds, memory.

>>> from bottega import runtime
>>> device = runtime.select_device()           # the best there is, or what BOTTEGA_DEVICE names
>>> dtype = runtime.select_dtype(device)       # bfloat16 where the hardware multiplies it natively
>>> generator = runtime.seeded_generator(7)    # on the processor, so that noise is the same on every device
"""

from bottega.runtime.determinism import deterministic, seeded_generator
from bottega.runtime.hardware import cpu_capabilities, select_device, select_dtype, set_threads
from bottega.runtime.memory import available_memory, configure_malloc, peak_memory, reduce_malloc_retention
from bottega.runtime.system_info import matmul_gflops, system_info

__all__ = [
    "available_memory",
    "configure_malloc",
    "cpu_capabilities",
    "deterministic",
    "matmul_gflops",
    "peak_memory",
    "reduce_malloc_retention",
    "seeded_generator",
    "select_device",
    "select_dtype",
    "set_threads",
    "system_info",
]
