"""What a scanner does to a picture, one function each: batched, pure, on any device.

All take scans `(N, 1, H, W)`, float32, 0-255, and one value per scan, and give the same shape, type
and range; at strength 0 a scan stays as it is. What is random comes in, as numbers or as a seed.
Scans are magnitudes of which the phase is lost, so k-space here is the Fourier transform of a
magnitude.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

WHITE = 255.0
FIELD_ORDER = 3
# Cosine waves along rows and columns, of that many half periods together at most; none is flat.
FIELD_WAVES = tuple(
    (down, across)
    for down in range(FIELD_ORDER + 1)
    for across in range(FIELD_ORDER + 1 - down)
    if down + across
)

DARK = 25.0  # grey value under which there is air, or bone
BLOCK = 4  # pixels
RIM = 0.05  # share of a side that scalp and skull take up, about
# A counter-based generator: a hash of (seed, place) is the number (Salmon et al. 2011, "Parallel
# random numbers: as easy as 1, 2, 3", doi 10.1145/2063384.2063405). So a whole batch is drawn at
# once, on any device, the same bits on each, whatever else a batch holds; and torch's own
# generators, whose states a resumed run depends on, stay as they are.
SEEDS = 2**24  # as many as a uniform float32 of [0, 1) can tell apart


def bias_field(images: Tensor, coefficients: Tensor, log_gain: Tensor) -> Tensor:
    """Multiply by a smooth gain: the coil is nearer to one side of the head.

    The logarithm of the gain is a sum of the lowest cosine waves, so its mean over the picture is
    0 (Van Leemput et al. 1999, doi 10.1109/42.811268, take a polynomial, as do Sudre et al. 2017
    and TorchIO's RandomBiasField, doi 10.1016/j.cmpb.2021.106236, of the same order 3).

    Args:
        images: Scans.
        coefficients: Weights of the waves, in the order of `FIELD_WAVES`, `(N, 9)`; only their
            ratios count.
        log_gain: Natural logarithm of the largest gain or loss, `(N,)`: 0.5 is 1.65-fold.
    """
    height, width = images.shape[-2:]
    weights = coefficients.new_zeros((len(images), FIELD_ORDER + 1, FIELD_ORDER + 1))
    down, across = zip(*FIELD_WAVES, strict=True)
    weights[:, list(down), list(across)] = coefficients
    # The largest is looked for on a raster of 64: so slow a wave is no higher between.
    coarse = _waves(64, images)
    largest = (coarse.mT @ weights @ coarse).abs().amax(dim=(1, 2), keepdim=True)
    weights = weights * (log_gain[:, None, None] / largest.clamp(min=1e-6))
    field = _waves(height, images).mT @ weights @ _waves(width, images)
    return field.exp_()[:, None].mul_(images).clamp_(0, WHITE)


def gamma(images: Tensor, log_gamma: Tensor) -> Tensor:
    """Raise grey values, as shares of white, to the power `exp(log_gamma)`: another display curve.

    Above 0 darkens. As TorchIO's RandomGamma (doi 10.1016/j.cmpb.2021.106236) and nnU-Net's
    augmentation (Isensee et al. 2021, doi 10.1038/s41592-020-01008-z).
    """
    power = _spread(torch.exp(log_gamma))
    return (images / WHITE).pow_(power).mul_(WHITE).clamp_(0, WHITE)


def window(images: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Show the grey values from `low` to `high` as black to white: another window was exported.

    A `low` under 0 makes the background grey, a `high` under 255 saturates what is bright.
    """
    scale = _spread(WHITE / (high - low))
    return ((images - _spread(low)) * scale).clamp_(0, WHITE)


def rician_noise(images: Tensor, sigma: Tensor, seeds: Tensor) -> Tensor:
    """Add the noise of a magnitude: Gaussian in the real and in the imaginary channel.

    Gudbjartsson and Patz 1995, doi 10.1002/mrm.1910340618: nearly Gaussian where there is signal,
    and a floor of 1.25 `sigma` on average where there is none. `sigma` is the standard deviation
    in each channel, in grey values; seeds are of `seeds_of`.
    """
    number, _, height, width = images.shape
    first, second = uniform_pairs(seeds, height * width)
    # Length and direction of the noise in the complex plane (Box and Muller 1958).
    square = first.log_().view(number, 1, height, width).mul_(_spread(-2 * sigma**2))
    along = second.mul_(2 * math.pi).cos_().view(number, 1, height, width)
    total = along.mul_(square.sqrt()).mul_(images).mul_(2).addcmul_(images, images).add_(square)
    return total.clamp_(min=0).sqrt_().clamp_(max=WHITE)


def ghosting(
    images: Tensor, intensity: Tensor, replicas: Tensor, phase: Tensor, across: Tensor
) -> Tensor:
    """Add replicas along the phase-encoding direction, as a beating or breathing patient does.

    Line j of k-space is weighted by `1 - a + a exp(i phase) cos(2 pi j / k)`: of each scan, `a`
    goes into two replicas a k-th of the side away (Wood and Henkelman 1985, doi 10.1118/1.595782;
    TorchIO's RandomGhosting weakens every k-th line). In the picture that is a sum of three, and
    needs no transform.

    Args:
        images: Scans, H = W.
        intensity: Share of the signal in the replicas, `(N,)`, 0 to 1: `a` above.
        replicas: How often one fits into the side, `(N,)`, at least 1, `k` above; the shift is
            rounded to whole pixels.
        phase: Of the replicas against the tissue they fall on, `(N,)`, radians.
        across: Whether phase is encoded along rows instead of columns, `(N,)`, bool.
    """
    images = _turned(images, across)
    side = images.shape[-2]
    shift = torch.round(side / replicas).long()[:, None]
    rows = torch.arange(side, device=images.device)
    first = torch.arange(len(images), device=images.device)[:, None] * side
    lines = images.reshape(-1, images.shape[-1])
    up, down = rows + shift, rows + side - shift
    ghost = lines.index_select(0, (first + up - side * (up >= side)).flatten())
    ghost += lines.index_select(0, (first + down - side * (down >= side)).flatten())
    ghost = ghost.view(images.shape).mul_(_spread(intensity / 2))
    still = images * _spread(1 - intensity) + ghost * _spread(torch.cos(phase))
    found = ghost.mul_(_spread(torch.sin(phase))).square_().addcmul_(still, still).sqrt_()
    return _turned(found.clamp_(0, WHITE), across)


def motion(images: Tensor, starts: Tensor, shifts: Tensor, across: Tensor) -> Tensor:
    """Let the head move while k-space is being filled, line by line.

    A shift of the head is a phase on the lines measured after it (Shaw et al. 2019, "MRI k-space
    motion artefact augmentation", PMLR 102:427; TorchIO's RandomMotion, which also rotates). The
    head lies where it lay at the middle line.

    Args:
        images: Scans, H = W.
        starts: When each of M moves happens, as a share of the time, `(N, M)`, in [0, 1].
        shifts: How far each goes down and to the right, `(N, M, 2)`, pixels.
        across: Whether phase is encoded along rows instead of columns, `(N,)`, bool.
    """
    # Along the lines and across them, whichever way the lines run.
    shifts = torch.where(across[:, None, None], shifts.flip(2), shifts)
    frequencies = torch.fft.fftfreq(images.shape[-1], device=images.device)
    moved = (frequencies[:, None] + 0.5 >= starts[:, None]).to(shifts.dtype)  # (N, lines, moves)
    place = moved @ shifts
    place = place - place[:, :1]  # the first is the middle line, of frequency 0
    place *= -2 * math.pi
    turn = place[:, :, 1:] * frequencies + (place[:, :, 0] * frequencies)[:, :, None]
    turn = torch.where(across[:, None, None], turn.mT, turn)
    measured = torch.fft.fft2(images[:, 0]).mul_(torch.complex(torch.cos(turn), torch.sin(turn)))
    visible = torch.fft.ifft2(measured)[:, None]
    # In half the time that abs takes.
    found: Tensor = visible.real.square().addcmul_(visible.imag, visible.imag).sqrt_()
    return found.clamp_(0, WHITE)


def resolution(images: Tensor, keep_down: Tensor, keep_across: Tensor) -> Tensor:
    """Leave the outer lines of k-space unmeasured, and fill them with zeros.

    Larger voxels on the same raster, with the ringing that comes with them (Gibbs; Haacke et al.
    1999, "Magnetic resonance imaging", chapter 13). TorchIO's RandomAnisotropy resamples instead.
    `keep_down` is the share of the frequencies along columns that is kept, above 0 and up to 1,
    `keep_across` that along rows.
    """
    height, width = images.shape[-2:]
    down = torch.fft.fftfreq(height, device=images.device).abs()
    across = torch.fft.rfftfreq(width, device=images.device)
    measured = torch.fft.rfft2(images[:, 0])
    measured *= (down <= keep_down[:, None] / 2)[:, :, None]
    measured *= (across <= keep_across[:, None] / 2)[:, None]
    found: Tensor = torch.fft.irfft2(measured, s=(height, width)).abs_()[:, None]
    return found.clamp_(0, WHITE)


def inversion(images: Tensor, strength: Tensor) -> Tensor:
    """Turn bright tissue dark and dark tissue bright inside the skull, towards T2's contrast.

    Fluid, darkest under T1, becomes brightest; white matter falls under grey. Scalp, skull and
    background stay as they are. A contrast of its own for each scan helps a network to new
    scanners (Billot et al. 2023, SynthSeg, doi 10.1016/j.media.2023.102789, draw every tissue's).
    One curve cannot do what T2 does to a tumour that took up contrast medium: it turns dark here.
    At strength 1 a scan is inverted; half way tissues are hardly told apart.
    """
    rim = RIM * images.shape[-1]
    inside = depth_in_head(images).sub_(rim).div_(rim).clamp_(0, 1)
    size = inside.sum(dim=(2, 3), keepdim=True).clamp_(min=1)
    visible = images * inside
    mean = visible.sum(dim=(2, 3), keepdim=True) / size
    square = visible.mul_(images).sum(dim=(2, 3), keepdim=True) / size
    spread = (square - mean**2).clamp_(min=0).sqrt_()
    # Living tissue is never black.
    inverted = (mean + 2 * spread - images).maximum(spread / 2).clamp_(max=WHITE)
    return images.lerp(inverted, inside.mul_(_spread(strength)))


def depth_in_head(images: Tensor) -> Tensor:
    """Tell how deep in the head each pixel lies.

    The head is what has bright pixels on all four sides of it, so the dark inside belongs to it.

    Returns:
        `(N, 1, H, W)`, float32: pixels to the nearest of the head's ends on the same row or column,
        known to about two; 0 outside.
    """
    # Of blocks: a letter or a fleck beside the head is no end of it, and it takes a 16th as long.
    blocks = F.avg_pool2d(images, BLOCK)
    bright, depth = blocks > DARK, torch.full_like(blocks, math.inf)
    for axis in (2, 3):
        side = blocks.shape[axis]
        places = torch.arange(side, device=images.device, dtype=images.dtype)
        places = places[:, None] if axis == 2 else places
        first = torch.where(bright, places, side).amin(dim=axis, keepdim=True)
        last = torch.where(bright, places, -1).amax(dim=axis, keepdim=True)
        depth = torch.minimum(depth, torch.minimum(places - first, last - places) + 0.5)
    depth = depth.clamp_(min=0).mul_(BLOCK)
    return F.interpolate(depth, size=images.shape[-2:], mode="bilinear", align_corners=False)


def _waves(side: int, like: Tensor) -> Tensor:
    """Give cosine waves of 0 to 3 half periods over a side, `(4, side)`."""
    halves = torch.arange(FIELD_ORDER + 1, device=like.device, dtype=torch.float32)
    centres = (torch.arange(side, device=like.device, dtype=torch.float32) + 0.5) / side
    return torch.cos(math.pi * halves[:, None] * centres)


def _turned(images: Tensor, across: Tensor) -> Tensor:
    """Swap rows and columns of the scans whose phase is encoded along rows."""
    return torch.where(_spread(across), images.mT, images)


def _spread(values: Tensor) -> Tensor:
    """Give a value per scan the axes of scans."""
    return values[:, None, None, None]


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
