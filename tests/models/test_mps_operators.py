"""MPS without a Mac: does torch list an MPS kernel for everything that a training step calls?

Both networks train and validate for one batch under the real Trainer, with augmentation, scores,
loss and Adam, on the CPU. `MPSCheck` sees every ATen operator of it and fails on a float64 tensor,
which MPS cannot hold, and on an operator that the operator table shipped with torch
(`native_functions.yaml` in `torchgen`) gives no MPS kernel:

- An operator with a kernel for MPS passes, also where it delegates to an out variant that has one.
- A composite operator, whose code is the same for every device, is opened: that code runs under the
  check, and what it calls is judged in turn. One that computes without calling anything fails.
- Where such code asks for the device, the CPU's answer says nothing about MPS. `ON_MPS` names what
  MPS runs instead or as well, and that is looked up.
- Anything else fails, also an operator that the table does not know.

What this cannot show:

- That the numbers on MPS are right, or near a CPU's. None of Apple's kernels runs here.
- That a listed kernel takes these arguments: some refuse a dtype (int64 in older macOS), a shape, a
  stride or a padding, or have bugs in one version of macOS. The table is a list of names.
- What a listed kernel does inside, such as falling back to the CPU.
- That `ON_MPS` is complete. It was put together from torch's operator table, its formulas of
  derivatives and some of its source; torch may choose by device in other places, above the
  operators or inside composite ones.
- Branches by device in Python code of torch, torchmetrics, Lightning and ours. Known are these:
  Adam has three implementations, all of which are tried here; networks lay their input out channels
  last on a CPU alone; and a CPU augments by OpenCV, so that here the other devices' way is called.
- Moving data between CPU and MPS, random numbers of MPS, a step's time and its memory.
- Another torch: the table is the installed one's. Nor more than the step as shipped: pretrained
  weights, checkpoints, callbacks and loggers are left out.

It is stricter than MPS where tensors stay on a Mac's CPU, where float64 would be allowed: the
random numbers as drawn and Adam's step counts are judged as if they lay on MPS.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchgen
import yaml
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor, library, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import Split
from brain_tumor.data.transforms.mri import MRIAugment
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.models.network import Network

CONF = Path(__file__).parents[2] / "conf"
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
WITHOUT_MPS = {torch.float64, torch.complex128}

# Operators whose code, or whose caller's, asks for the device: what MPS runs instead or as well.
ON_MPS = {
    "_convolution": ("_mps_convolution",),
    "convolution_backward": ("mps_convolution_backward",),
    "copy_": ("_copy_from",),  # the listed name of the code that copies to, from and on MPS
    "scalar_tensor": ("empty.memory_format", "fill_.Scalar"),
    # One kernel for what other devices put together from parts.
    "addmm": ("linear", "linear_backward"),
    "max_pool2d_with_indices": ("max_pool2d", "max_pool2d_backward"),
    # Dropout's mask is a factor on the CPU; some devices have it fused.
    "bernoulli_.float": ("native_dropout", "native_dropout_backward"),
}
# Composites that are not opened, because all they do is choose the device's kernel.
CHOOSERS = ("_convolution", "convolution_backward")
COMPOSITES = (
    "CompositeImplicitAutograd",
    "CompositeExplicitAutograd",
    "CompositeExplicitAutogradNonFunctional",
)


@cache
def operator_table() -> dict[str, dict[str, Any]]:
    """Read torch's operator table: entries by name and overload, such as `add.Tensor`."""
    path = Path(torchgen.__file__).parent / "packaged/ATen/native/native_functions.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, it takes a tenth of the time
    entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return {entry["func"].split("(")[0]: entry for entry in entries}


@cache
def kernels(name: str) -> frozenset[str]:
    """Give the dispatch keys that an operator has code for; its out variant's count."""
    entry = operator_table().get(name)
    if entry is None:
        return frozenset()
    keys = {key.strip() for keys in entry.get("dispatch", {}) for key in keys.split(",")}
    if "structured_delegate" in entry:
        keys |= kernels(entry["structured_delegate"])
    return frozenset(keys) or frozenset(["CompositeImplicitAutograd"])  # the table's default


def has_mps_kernel(name: str) -> bool:
    return "MPS" in kernels(name)


def composite_key(name: str) -> str | None:
    """Give the dispatch key of an operator's device-independent code, if there is some."""
    return next((key for key in COMPOSITES if key in kernels(name)), None)


class MPSCheck(TorchDispatchMode):
    """Record every operator that runs, and what of it MPS could not do.

    Attributes:
        dtypes: Operators seen, with the dtypes of the tensors that went in and came out.
        opened: Those of them that were judged by what they call.
        missing: Those without an MPS kernel.
        doubles: Those that touched a tensor of a dtype that MPS cannot hold.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: dict[str, set[torch.dtype]] = defaultdict(set)
        self.opened: set[str] = set()
        self.missing: set[str] = set()
        self.doubles: set[str] = set()
        self._open: list[str] = []
        self._computed = 0  # calls that did more than allocate or view memory

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        kwargs = kwargs or {}
        if func.namespace == "profiler":  # labels for a profiler, no computation
            return func(*args, **kwargs)
        name = func.name().removeprefix("aten::")
        self._computed += not _only_memory(func)
        self._look(name, args, kwargs)
        self.missing.update(other for other in ON_MPS.get(name, ()) if not has_mps_kernel(other))
        key = composite_key(name)
        if has_mps_kernel(name) or name in CHOOSERS or name in self._open:
            result = func(*args, **kwargs)
        elif key is not None:
            result = self._opened(func, name, key, args, kwargs)
        else:
            self.missing.add(name)
            result = func(*args, **kwargs)
        self._look(name, result)
        return result

    def _opened(self, func: Any, name: str, key: str, args: Any, kwargs: Any) -> Any:
        self.opened.add(name)
        computed = self._computed
        self._open.append(name)  # `detach` calls itself where a mode is on
        with self:  # the mode is off while it handles an operator
            result = func._op_dk(getattr(torch._C.DispatchKey, key), *args, **kwargs)
        self._open.pop()
        # Where the code calls no operator that computes, it either has nothing to compute, or it
        # does so out of sight, for the device it finds.
        idle = _only_memory(func) or (not func._schema.is_mutable and _gives_back(result, args))
        if computed == self._computed and not idle and name not in ON_MPS:
            self.missing.add(name)
        return result

    def _look(self, name: str, *values: Any) -> None:
        found = {tensor.dtype for tensor in _tensors(values)}
        self.dtypes[name] |= found
        if found & WITHOUT_MPS:
            self.doubles.add(name)


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


def _only_memory(func: Any) -> bool:
    return func.is_view or torch.Tag.inplace_view in func.tags or "empty" in func.name()


def _gives_back(result: Any, args: Any) -> bool:
    memory = {tensor.untyped_storage().data_ptr() for tensor in _tensors(args)}
    return all(tensor.untyped_storage().data_ptr() in memory for tensor in _tensors(result))


def from_conf(path: str, **changes: Any) -> Any:
    """Make what a file under `conf/` describes, as Hydra does."""
    return instantiate(OmegaConf.merge(OmegaConf.load(CONF / path), changes), _convert_="all")


class ByTorch:
    """The augmentation as devices other than the CPU get it."""

    def __init__(self) -> None:
        self.augment = from_conf("augment/report.yaml")
        self.draws_per_scan = self.augment.draws_per_scan

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        return self.augment.by_torch(images, draws)


def fit(
    check: TorchDispatchMode, name: str, folder: Path, network: nn.Module | None = None
) -> tuple[TumorClassifier, torch.optim.Optimizer]:
    """Train and validate for one batch and predict one, under a check, with shipped settings."""
    scans = np.random.default_rng(0).integers(0, 256, (8, 256, 256), dtype=np.uint8)
    prepared: Any = SimpleNamespace(images=scans, labels=np.arange(8) % len(CLASSES))
    split = Split(train=np.arange(4), validation=np.arange(4, 8), test=np.arange(0))
    data = ScanDataModule(prepared, split, ByTorch(), batch_size=4)
    options = OmegaConf.to_container(OmegaConf.load(CONF / f"model/{name}.yaml"))
    classifier = TumorClassifier(
        {key: value for key, value in options.items() if key != "weights"},
        CLASSES,
        from_conf("optimizer/adam.yaml"),
        from_conf("scheduler/cosine.yaml", T_max=2),
    )
    if network is not None:
        classifier.network = network
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=1,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    with check:
        trainer.fit(classifier, data)
        trainer.predict(classifier, data.part_dataloader("validation"))
    return classifier, trainer.optimizers[0]


class Step(NamedTuple):
    name: str
    check: MPSCheck
    classifier: TumorClassifier
    optimizer: torch.optim.Optimizer


@pytest.fixture(scope="module", params=["gbmnet", "mobilenetv2"])
def step(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Step:
    check = MPSCheck()
    classifier, optimizer = fit(check, request.param, tmp_path_factory.mktemp("step"))
    return Step(request.param, check, classifier, optimizer)


def test_step_calls_nothing_that_mps_lacks(step: Step) -> None:
    assert step.check.missing == set()


def test_step_makes_no_double(step: Step) -> None:
    assert step.check.doubles == set()
    state = _tensors([dict(values) for values in step.optimizer.state.values()])
    assert state
    held = [*step.classifier.parameters(), *step.classifier.buffers(), *state]
    assert not {tensor.dtype for tensor in held} & WITHOUT_MPS
    # A NumPy number would become a float64 tensor wherever one is made of it.
    assert [type(group["lr"]) for group in step.optimizer.param_groups] == [float]


def test_check_sees_the_whole_step(step: Step) -> None:
    own = {
        "gbmnet": {
            "max_pool2d_with_indices",
            "max_pool2d_with_indices_backward",
            "native_batch_norm",
            "native_batch_norm_backward",
            "convolution_backward",
        },
        "mobilenetv2": {"upsample_bilinear2d", "hardtanh_", "mean.dim"},
    }
    parts = {
        "random numbers": {"index.Tensor"},
        "augmentation": {"reflection_pad2d", "arange.start_step", "grid_sampler_2d", "tan"},
        "network": {"_convolution", "addmm", "bernoulli_.float"},
        "its own": own[step.name],
        "loss": {"_log_softmax", "nll_loss_forward"},
        "gradients": {"nll_loss_backward", "_log_softmax_backward_data", "threshold_backward"},
        "Adam": {"_fused_adam_"},
        "scores": {"argmax", "eq.Tensor", "where.self"},
    }
    seen = step.check.dtypes
    unseen = {part: names - set(seen) for part, names in parts.items()}
    assert not any(unseen.values()), unseen
    assert "bincount" not in seen
    assert torch.uint8 in seen["_to_copy"]  # scans as stored


def test_what_a_scanner_does_runs_on_mps() -> None:
    report = OmegaConf.to_container(OmegaConf.load(CONF / "augment/report.yaml"))
    mri = OmegaConf.to_container(OmegaConf.load(CONF / "augment/mri.yaml"))
    del report["_target_"]
    every = {name: own | {"probability": 1.0} for name, own in mri["operations"].items()}
    # The check cannot open operators on bits that take a plain number; theirs are looked up here.
    del every["noise"]
    of_bits = ("__rshift__.Scalar", "bitwise_and_.Tensor", "bitwise_xor_.Tensor", "mul_.Tensor")
    assert all(has_mps_kernel(name) for name in (*of_bits, "log_", "cos_", "sqrt_", "addcmul_"))
    augment = MRIAugment(operations=every, **report)
    scans = torch.zeros((2, 1, 256, 256), dtype=torch.uint8)
    draws = torch.full((2, augment.draws_per_scan), 0.2)
    check = MPSCheck()
    with check:
        placed = augment.by_torch(scans, draws[:, : augment.place_draws])
        augment.scan(placed, draws[:, augment.place_draws :])
    assert check.missing == set()
    assert check.doubles == set()
    assert {"grid_sampler_2d", "_fft_r2c", "_fft_c2c", "lerp.Tensor"} <= set(check.dtypes)


@pytest.mark.parametrize("way", [{"foreach": False}, {"foreach": True}, {}])
def test_every_way_of_adam_runs_on_mps(way: dict[str, bool]) -> None:
    layer = nn.Linear(3, 2)
    fused = {"fused": False} if way else {}  # as shipped it is fused
    optimizer = from_conf("optimizer/adam.yaml", **way, **fused)(layer.parameters())
    check = MPSCheck()
    with check:
        for _ in range(2):
            optimizer.zero_grad()
            layer(torch.ones(2, 3)).sum().backward()
            optimizer.step()
    assert check.missing == set()
    assert check.doubles == set()
    assert {"addcdiv_", "_fused_adam_"} & set(check.dtypes)


def test_device_choices_exist_in_the_table() -> None:
    assert set(ON_MPS) <= set(operator_table())
    assert not [name for names in ON_MPS.values() for name in names if not has_mps_kernel(name)]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.double(),
        lambda x: x + torch.from_numpy(np.ones(2)),
        lambda x: x.to(torch.complex128),
        lambda x: torch.full((2,), 1.0, dtype=torch.float64),
    ],
    ids=["double", "numpy", "complex", "made"],
)
def test_check_finds_a_double(call: Callable[[Tensor], Tensor]) -> None:
    with MPSCheck() as check:
        call(torch.ones(2))
    assert check.doubles


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("linalg_eig", lambda x: torch.linalg.eig(x)),
        ("mode", lambda x: torch.mode(x)),
        ("multi_margin_loss", lambda x: F.multi_margin_loss(x, torch.tensor([0, 1]))),
        # Its composite parent reaches the check as a whole in inference mode, and is opened.
        ("multilabel_margin_loss_forward", lambda x: F.multilabel_margin_loss(x, x.long())),
    ],
)
@pytest.mark.parametrize("inference", [False, True])
def test_check_finds_a_missing_kernel(
    name: str, call: Callable[[Tensor], Any], inference: bool
) -> None:
    if has_mps_kernel(name):
        pytest.skip(f"this torch has an MPS kernel for {name}")
    with torch.inference_mode(inference), MPSCheck() as check:
        call(torch.eye(2))
    assert check.missing == {name}


def test_check_finds_an_operator_outside_the_table() -> None:
    @library.custom_op("planted::negative", mutates_args=())
    def negative(x: Tensor) -> Tensor:
        return -x

    with MPSCheck() as check:
        negative(torch.ones(2))
    assert check.missing == {"planted::negative"}


@pytest.mark.parametrize(
    ("call", "parent", "parts"),
    [
        (lambda x: F.conv2d(x[None, None], x[None, None]), "conv2d", {"convolution"}),
        (lambda x: torch.ones_like(x), "ones_like", {"empty_like", "fill_.Scalar"}),
        (lambda x: torch.stack([x, x]), "stack", {"cat"}),
    ],
)
def test_composite_passes_by_its_parts(
    call: Callable[[Tensor], Tensor], parent: str, parts: set[str]
) -> None:
    x = torch.eye(2)
    with torch.inference_mode(), MPSCheck() as check:
        call(x)
    assert not has_mps_kernel(parent)
    assert parent in check.opened
    assert parts <= set(check.dtypes)
    assert check.missing == set()


def test_composite_that_computes_out_of_sight_fails() -> None:
    # oneDNN's convolution is filed as composite, but all it calls is memory: MPS could not run it.
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this torch is built without oneDNN")
    x = torch.ones(1, 1, 3, 3)
    with MPSCheck() as check:
        torch.ops.aten.mkldnn_convolution(x, x, None, [0, 0], [1, 1], [1, 1], 1)
    assert check.missing == {"mkldnn_convolution"}


class Planted(Network):
    """A network with one line that MPS could not run."""

    def __init__(self, line: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.line, self.layer = line, nn.Linear(256, len(CLASSES))

    def forward_features(self, scans: Tensor) -> Tensor:
        return self.line(scans.float().mean(dim=(1, 2)))[:, :, None, None]

    def forward_head(self, maps: Tensor) -> Tensor:
        logits: Tensor = self.layer(maps[:, :, 0, 0])
        return logits


def test_check_finds_what_is_planted_in_a_step(tmp_path: Path) -> None:
    check = MPSCheck()
    fit(check, "gbmnet", tmp_path, Planted(lambda x: x.double().float()))
    assert check.missing == set()
    assert "_to_copy" in check.doubles

    check = MPSCheck()
    fit(check, "gbmnet", tmp_path, Planted(lambda x: x - torch.mode(x, keepdim=True).values))
    assert check.missing == {"mode"} or has_mps_kernel("mode")
    assert check.doubles == set()
