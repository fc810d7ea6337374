"""What a process has used of the processor."""

import sys
import time

import psutil


def cpu_s(pid: int) -> float:
    """Processor time of a process: on Linux by its own clock (clock_getcpuclockid), else in hundredths of a second."""
    if sys.platform == "linux":
        return time.clock_gettime(~pid << 3 | 2)
    return sum(psutil.Process(pid).cpu_times()[:2])
