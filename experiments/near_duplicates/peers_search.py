"""Search a folder of scans as one peer does, or as we do, and encode altered copies for `peers.py`.

    python peers_search.py PEER RAW COPIES OUT [ARGUMENT]

A process of its own for every peer, so that its time and its memory can be told, and so that it
may run in an environment of the peer's: nothing of this project is imported but for `ours`. RAW is
the folder of the scans, COPIES that of the copies; each is searched with all its subfolders.
ARGUMENT is the file of weights for `CNN` and the folder of the prepared set for `ours`. Writes to
OUT, an `.npz`:

- `raw`, `copies`: encodings in the order of the sorted paths, 0/1 bits or vectors;
- `pairs`: places of the pairs that the peer itself lists among the raw scans, and their similarity;
- `seconds`, `processor`, `bytes`: what reading, encoding and searching the raw scans took, by the
  clock and of processor time, and the most memory that the process had held by then.
"""

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Encodings = npt.NDArray[Any]  # (N, bits) of 0 and 1, or (N, values)
Pairs = npt.NDArray[np.float64]  # (P, 3): two places and a similarity
ONE_PROCESS = 0  # what imagededup calls it

# Our own and those of peers are called by these names in the tables.
OURS, PHASH, DHASH = "ours", "imagededup PHash", "imagededup DHash"
CNN, CLEANVISION, FASTDUP = "imagededup CNN", "cleanvision", "fastdup"


class Peer(Protocol):
    """What searches a folder; what it imports and loads, it does when it is made."""

    def read(self, folder: Path) -> None:
        """Read a folder's scans, and encode them where that is a step of its own."""

    def pairs(self) -> Pairs:
        """Give the pairs that it lists among the scans read last, by the places of their paths."""

    def encodings(self) -> Encodings:
        """Give what it compares of the scans read last, in the order of their paths."""


def list_scans(folder: Path) -> list[Path]:
    """Give all files below a folder, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def need(module: str) -> Any:
    """Import a module of a peer.

    Raises:
        SystemExit: It is not installed in this environment; the message says what to do.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise SystemExit(
            f"{error.name} is missing in the environment of {sys.executable}: "
            f"`pip install {package}` there, or name another one that has {package}."
        ) from error


class Hashes:
    """imagededup's hashes: 64 bits, and scans within 10 bits of each other are duplicates."""

    def __init__(self, method: str) -> None:
        self._own = getattr(need("imagededup.methods"), method)(verbose=False)
        self._names: list[str] = []
        self._told: dict[str, str] = {}

    def read(self, folder: Path) -> None:
        """Hash all scans."""
        self._told = self._own.encode_images(folder, recursive=True, num_enc_workers=ONE_PROCESS)
        self._names = _relative(folder)

    def pairs(self) -> Pairs:
        """Give those within 10 bits of each other."""
        listed = self._own.find_duplicates(
            encoding_map=self._told, scores=True, num_dist_workers=ONE_PROCESS
        )
        pairs = _pairs(self._names, listed)
        pairs[:, 2] = 1 - pairs[:, 2] / 32  # of bits that differ: the cosine of -1s and 1s
        return pairs

    def encodings(self) -> Encodings:
        """Give the bits."""
        return _bits([int(self._told[name], 16) for name in self._names])


class Network:
    """imagededup's CNN, with torchvision's MobileNetV2 in place of its V3-small.

    Its own network fetches its weights; this one takes them from a file, by the hook that the peer
    has for such networks. The pooled features, the transform and the threshold, a cosine of 0.9,
    are the peer's.
    """

    def __init__(self, weights: str) -> None:
        methods, models = need("imagededup.methods"), need("imagededup.utils.models")
        torch, vision = need("torch"), need("torchvision")
        torch.set_num_threads(1)
        full = vision.models.mobilenet_v2()
        full.load_state_dict(torch.load(weights, weights_only=True))
        pooled = (full.features, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
        config = models.CustomModel(
            name="MobileNetV2",
            model=torch.nn.Sequential(*pooled).eval(),
            transform=models.MobilenetV3.transform,
        )
        self._own = methods.CNN(verbose=False, model_config=config)
        self._names: list[str] = []
        self._told: dict[str, Encodings] = {}

    def read(self, folder: Path) -> None:
        """Take all scans through the network."""
        self._told = self._own.encode_images(folder, recursive=True, num_enc_workers=ONE_PROCESS)
        self._names = _relative(folder)

    def pairs(self) -> Pairs:
        """Give those whose cosine is at least 0.9."""
        listed = self._own.find_duplicates(
            encoding_map=self._told, scores=True, num_sim_workers=ONE_PROCESS
        )
        return _pairs(self._names, listed)

    def encodings(self) -> Encodings:
        """Give the pooled features."""
        return np.stack([self._told[name] for name in self._names])


class CleanVision:
    """cleanvision: scans of one 64-bit hash are near-duplicates, and no others."""

    def __init__(self) -> None:
        self._whole, self._picture = need("cleanvision"), need("PIL.Image")
        self._hashing = need("cleanvision.issue_managers.duplicate_issue_manager")
        self._paths: list[str] = []

    def read(self, folder: Path) -> None:
        """List the files: it reads them when it searches."""
        self._paths = [str(path) for path in list_scans(folder)]

    def pairs(self) -> Pairs:
        """Give those of one hash."""
        lab = self._whole.Imagelab(filepaths=self._paths, verbose=False)
        types = ("near_duplicates", "exact_duplicates")  # the former leave out the latter
        lab.find_issues({kind: {} for kind in types}, n_jobs=1, verbose=False)
        place = {path: number for number, path in enumerate(self._paths)}
        sets = [sorted(place[path] for path in some) for k in types for some in lab.info[k]["sets"]]
        ends = {(a, b) for some in sets for n, a in enumerate(some) for b in some[n + 1 :]}
        return np.array([(*pair, 1.0) for pair in sorted(ends)]).reshape(-1, 3)

    def encodings(self) -> Encodings:
        """Give the bits of the hashes."""
        # Its report does not tell the hashes: they are asked of the function that it calls.
        settings = self._hashing.DuplicateIssueManager().get_default_params()["near_duplicates"]
        hashes = []
        for path in self._paths:
            with self._picture.open(path) as picture:
                hashes.append(int(self._hashing.get_hash(picture, settings), 16))
        return _bits(hashes)


class FastDup:
    """fastdup: the two nearest of each scan, where their cosine is at least 0.9."""

    def __init__(self) -> None:
        self._whole = need("fastdup")
        self._paths: list[str] = []
        self._told: tuple[Sequence[str], Encodings] = [], np.zeros((0, 0))
        self._listed: Any = None

    def read(self, folder: Path) -> None:
        """Run it whole: it encodes and searches at once."""
        self._paths = [str(path) for path in list_scans(folder)]
        with tempfile.TemporaryDirectory() as work:
            own = self._whole.create(work_dir=work, input_dir=str(folder))
            own.run(overwrite=True, num_threads=1, run_sentry=False)
            self._listed, self._told = own.similarity(), own.embeddings()

    def pairs(self) -> Pairs:
        """Give those that it found."""
        place = {path: number for number, path in enumerate(self._paths)}
        columns = [self._listed[name] for name in ("filename_from", "filename_to", "distance")]
        found = {}
        for one, other, value in zip(*columns, strict=True):
            found[tuple(sorted((place[one], place[other])))] = value
        return np.array([(*pair, value) for pair, value in sorted(found.items())])

    def encodings(self) -> Encodings:
        """Give its vectors."""
        place = {path: number for number, path in enumerate(self._told[0])}
        return np.asarray(self._told[1])[[place[path] for path in self._paths]]


class Ours:
    """Our own search, with the settings of a prepared set; it has no encodings to tell."""

    def __init__(self, prepared: str) -> None:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
        self._search = need("brain_tumor.data.groups.near_duplicates")
        self._scans = need("brain_tumor.files.picture")
        self._small = need("brain_tumor.data.prepared.thumbnails")
        summary = (
            need("brain_tumor.data.prepared.prepared_set").open_prepared(Path(prepared)).summary
        )
        self._settings = self._search.NearDuplicateSettings(**summary["near_duplicates"])
        self._frames = np.zeros((0, 96, 96), np.uint8)

    def read(self, folder: Path) -> None:
        """Read and shrink all scans."""
        decode, shrink = self._scans.decode_grey, self._small.thumbnail
        self._frames = np.stack([shrink(decode(p.read_bytes())) for p in list_scans(folder)])

    def pairs(self) -> Pairs:
        """Give related scans."""
        found = self._search.find_near_duplicates(self._frames, self._settings)
        return np.array([(p.first, p.second, p.similarity) for p in found])

    def encodings(self) -> Encodings:
        """Give none."""
        return np.zeros((len(self._frames), 0))


def _relative(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in list_scans(folder)]


def _bits(hashes: list[int]) -> Encodings:
    return np.unpackbits(np.array(hashes, ">u8").view(np.uint8).reshape(-1, 8), axis=1)


def _pairs(names: list[str], listed: Mapping[str, Sequence[tuple[str, float]]]) -> Pairs:
    place = {name: number for number, name in enumerate(names)}
    found = [
        (place[one], place[other], float(value))
        for one, others in listed.items()
        for other, value in others
        if place[one] < place[other]
    ]
    return np.array(sorted(found), np.float64).reshape(-1, 3)


def _most_memory() -> int:
    # Not `getrusage`, whose peak begins with that of the process that started this one.
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def main(name: str, raw: str, copies: str, out: str, argument: str = "") -> None:
    """Search, encode and write what came of it."""
    ways: dict[str, Callable[[], Peer]] = {
        OURS: lambda: Ours(argument),
        PHASH: lambda: Hashes("PHash"),
        DHASH: lambda: Hashes("DHash"),
        CNN: lambda: Network(argument),
        CLEANVISION: CleanVision,
        FASTDUP: FastDup,
    }
    peer = ways[name]()
    clock, processor = time.perf_counter(), sum(os.times()[:4])
    peer.read(Path(raw))
    result: dict[str, Any] = {"pairs": peer.pairs()}
    result["seconds"] = np.array(time.perf_counter() - clock)
    result["processor"] = np.array(sum(os.times()[:4]) - processor)
    result["bytes"] = np.array(_most_memory())
    result["raw"] = peer.encodings()
    if name != OURS:
        peer.read(Path(copies))
        result["copies"] = peer.encodings()
    np.savez(out, **result)


if __name__ == "__main__":
    main(*sys.argv[1:])
