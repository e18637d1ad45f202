"""Random numbers of a pixel from its place and its scan's seed, with no generator's state.

A counter-based generator: a hash of (seed, place) is the number (Salmon et al. 2011, "Parallel
random numbers: as easy as 1, 2, 3", doi 10.1145/2063384.2063405). So a whole batch is drawn at
once, on any device, the same bits on each, whatever else a batch holds; and torch's own generators,
whose states a resumed run depends on, stay as they are.
"""

import torch
from torch import Tensor

SEEDS = 2**24  # as many as a uniform float32 of [0, 1) can tell apart


def seeds_of(draws: Tensor) -> Tensor:
    """Give the seeds, int32 in 0 to `SEEDS` - 1, that uniform float32 of [0, 1) stand for."""
    return (draws * SEEDS).to(torch.int32)


def uniform_pairs(seeds: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Draw two uniform numbers for each of `count` places, by seeds `(N,)`, int32.

    Returns:
        Two of `(N, count)`, float32, multiples of 2**-16 plus 2**-17, in (0, 1).
    """
    places = torch.arange(count, dtype=torch.int32, device=seeds.device)
    bits = mixed(mixed(seeds)[:, None] ^ mixed(places + 1))
    first = (bits >> 16).bitwise_and_(0xFFFF).float().add_(0.5).mul_(2**-16)
    return first, bits.bitwise_and_(0xFFFF).float().add_(0.5).mul_(2**-16)


def mixed(numbers: Tensor) -> Tensor:
    """Mix the 32 bits of each int32, so that each decides over all; another number for each.

    Two multiplications between shifts, with the constants that Wellons searched for least bias
    (github.com/skeeto/hash-prospector). Products keep their lowest 32 bits.
    """
    # Masked, as a shift repeats the sign; in place, as memory is what takes the time.
    numbers = (numbers >> 16).bitwise_and_(0xFFFF).bitwise_xor_(numbers).mul_(0x21F0AAAD)
    numbers = (numbers >> 15).bitwise_and_(0x1FFFF).bitwise_xor_(numbers).mul_(0xD35A2D97 - 2**32)
    return (numbers >> 15).bitwise_and_(0x1FFFF).bitwise_xor_(numbers)
