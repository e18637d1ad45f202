"""What bf16 gains or costs in a training step, with the instructions for it and without.

    python experiments/speed/precision_steps.py

Writes precision.json beside this file. On a processor that has the instructions, both are measured:
a second process keeps to AVX2, as a processor of most laptops would (`AVX2`).
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from brain_tumor.engine.allocator import keep_freed_memory

keep_freed_memory()  # before torch is imported

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from brain_tumor.engine.precision import cpu_has_bf16  # noqa: E402
from brain_tumor.models.registry import build_network  # noqa: E402

HERE = Path(__file__).parent
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
BATCH, PIXELS, ROUNDS = 8, 256, 5
TRAINED = {"features frozen": 0, "all of it trained": "all"}


def measured() -> dict[str, dict[str, float]]:
    """Give processor seconds of a MobileNetV2 step, by what is trained and by precision."""
    torch.set_num_threads(1)
    found = {}
    for trained, unfreeze in TRAINED.items():
        torch.manual_seed(0)
        network = build_network(4, "mobilenetv2", unfreeze=unfreeze).train()
        optimizer = torch.optim.Adam(
            [parameter for parameter in network.parameters() if parameter.requires_grad]
        )
        scans = torch.randint(0, 256, (BATCH, 1, PIXELS, PIXELS), dtype=torch.uint8)
        labels = torch.arange(BATCH) % 4
        seconds: dict[str, list[float]] = {"32-true": [], "bf16-mixed": []}
        for _ in range(1 + ROUNDS):
            for precision, taken in seconds.items():
                begun = time.process_time()
                optimizer.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
                    loss = F.cross_entropy(network(scans), labels)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                taken.append(time.process_time() - begun)
        found[trained] = {name: statistics.median(taken[1:]) for name, taken in seconds.items()}
    return found


def main() -> None:
    """Measure in this process and in one that keeps to AVX2; write."""
    if AVX2.items() <= os.environ.items():
        print(json.dumps(measured()))
        return
    without = subprocess.run(
        [sys.executable, __file__], env=os.environ | AVX2, capture_output=True, check=True
    )
    kinds = {"without (kept to AVX2)": json.loads(without.stdout)}
    if cpu_has_bf16():
        kinds = {"with": measured()} | kinds
    content = {
        "processor": platform.processor() or platform.machine(),
        "torch": torch.__version__.partition("+")[0],
        "batch": BATCH,
        "rounds": ROUNDS,
        "seconds": kinds,
    }
    text = json.dumps(content, indent=2) + "\n"
    (HERE / "precision.json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
