"""How long all pairs of 20,000 genes in two tissues of 60 donors take.

``python benchmarks/changes/speed.py`` prints seconds and the highest memory.
"""

import resource
import time
from collections.abc import Callable

import numpy as np

from crosstalk_omics.kernels import correlation as kernel

DONORS, GENES, BLOCK = 60, 20_000, 500


def timed(name: str, work: Callable, repeats: int = 3) -> None:
    """Print the median time of `work` and the highest memory so far."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{name:58s} {np.median(seconds):7.2f} s, {peak:.2f} GB at most so far", flush=True)


def main() -> None:
    """Standardise two tissues, then correlate and test every gene with every gene."""
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(DONORS, GENES)) for _ in range(2)]
    timed(
        "biweight standardisation of both", lambda: [kernel.standardise(v, "bicor") for v in values]
    )
    first, second = (kernel.standardise(v, "bicor") for v in values)
    kernel.strength(first[:, :100], second[:, :100], DONORS - 2)  # compiles

    def correlations() -> None:
        for i in range(0, GENES, BLOCK):
            kernel.correlate(first[:, i : i + BLOCK], second)

    timed("bicor of 20,000 x 20,000", correlations)
    timed("the same with -ln p, summed per ligand (Ssec)",
          lambda: kernel.strength(first, second, DONORS - 2))  # fmt: skip


if __name__ == "__main__":
    main()
