"""A whole audit, with the numbers of the report's set where they are known."""

from collections.abc import Mapping, Sequence

from brain_tumor.audit.results.audit import (
    Audit,
    AuditedData,
    AuditProvenance,
    AuditSeconds,
    FolderCounts,
    LookalikePair,
    LookalikePairs,
    PartCounts,
    ProbeKind,
    ProbeScore,
    ReportComparison,
    StepCount,
    VariantLeakage,
)
from brain_tumor.audit.results.scans import (
    ClassClusters,
    ClassPatients,
    ContradictedLabel,
    DuplicateCounts,
    ExactDuplicates,
    FileFinding,
    Files,
    FileSizes,
    KnownVersion,
    NearDuplicates,
    OddFile,
    Patients,
    ScanCount,
    ScanGroup,
    SliceAgreement,
)
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.metrics.leakage import SharedScans
from brain_tumor.metrics.uncertainty.bootstrap import Interval

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
RELATIONS = ("exact copy", "slice", "near-duplicate", "patient", "any")
CONTRADICTED = (
    "Testing/pituitary/Te-piTr_0002.jpg",
    "Training/pituitary/Tr-pi_0043.jpg",
    "Training/pituitary/Tr-pi_0515.jpg",
    "Training/pituitary/Tr-pi_0520.jpg",
)
FOUR, BINARY = "four classes", "notumor against the rest"


def shared_scans(
    test: int, known: int, shared: int, per_class: Sequence[float | None]
) -> SharedScans:
    return SharedScans(
        known=known,
        shared=shared,
        share_of_known=shared / known if known else None,
        share_of_all=shared / test,
        per_class=dict(zip(CLASSES, per_class, strict=True)),
    )


def variant(
    split: str, detail: str, train: int, test: int, shared: Sequence[int]
) -> VariantLeakage:
    known = [test, round(0.723 * test), test, round(0.723 * test), test]
    overlaps = {
        name: shared_scans(test, known[i], shared[i], [shared[i] / test] * 3 + [None])
        for i, name in enumerate(RELATIONS)
    }
    return VariantLeakage(train, test, overlaps, None, split, detail)


def probe_score(
    sees: str, task: str, split: str, value: float, kind: ProbeKind = "probe"
) -> ProbeScore:
    return ProbeScore(
        sees=sees,
        kind=kind,
        split=split,
        detail="seed 0" if split == "report" else "fold 0",
        task=task,
        test=1648,
        accuracy=Interval(value, value - 0.016, value + 0.016),
        balanced_accuracy=Interval(value - 0.01, value - 0.03, value + 0.01),
        majority=0.264 if task == FOUR else 0.742,
    )


def balance(raw: Sequence[int], kept: Sequence[int]) -> Mapping[str, ScanCount]:
    return {name: ScanCount(*counts) for name, *counts in zip(CLASSES, raw, kept, strict=True)}


DATA = AuditedData(
    name="brain_tumor_mri",
    root="data/brain-tumor-mri",
    prepared="data/prepared/brain_tumor_mri-0f3a9c1d22b4",
    fingerprint="0f3a9c1d22b4",
    classes=CLASSES,
    harmonise={"resolution": None, "intensity": False, "background": False, "mask": False},
)
FILES = Files(
    raw=7023,
    kept=6589,
    unusable=0,
    formats={"JPEG RGB": 3925, "JPEG L": 3093, "PNG RGBA": 3, "PNG RGB": 1, "PNG P": 1},
    sizes=FileSizes(387, (("512 x 512", 4742), ("225 x 225", 332), ("630 x 630", 90))),
    known_version=KnownVersion(
        "Kaggle version 1", True, "Counts per folder are those of Kaggle version 1."
    ),
    balance={
        "Training": balance((1321, 1339, 1595, 1457), (1321, 1280, 1441, 1455)),
        "Testing": balance((300, 306, 405, 300), (299, 250, 258, 285)),
    },
    findings=(
        FileFinding("undecodable", "Cannot be decoded", "They are left out.", 0, ()),
        FileFinding(
            id="wrong_extension",
            title="Another format than the name says",
            explanation="The name ends in .jpg and the file is a PNG. They are read all the "
            "same, but tools that trust the name may not read them.",
            count=5,
            files=tuple(
                OddFile(f"Training/notumor/Tr-noTr_000{i}.jpg", "PNG, RGBA") for i in range(5)
            ),
        ),
        FileFinding(
            id="odd_size",
            title="Unusual size or aspect",
            explanation="Smaller than 200 pixels, or more than half again as high as wide.",
            count=431,
            files=tuple(
                OddFile(f"Training/notumor/Tr-no_{i:04d}.jpg", f"{150 + i} x 198")
                for i in range(50)
            ),
        ),
    ),
)
EXACT = ExactDuplicates(
    by={
        "file bytes": DuplicateCounts(421, 297, {"Training": 150, "Testing": 20}, 182, 0),
        "decoded pixels": DuplicateCounts(421, 426, {"Training": 207, "Testing": 30}, 182, 0),
        "cropped pixels": DuplicateCounts(421, 434, {"Training": 215, "Testing": 37}, 182, 1),
    },
    dropped={"training": 215, "testing": 37, "testing_in_training": 182},
    groups=(ScanGroup(CONTRADICTED[:2], ("pituitary", "meningioma")),),
    across_labels=1,
)
NEAR = NearDuplicates(
    thresholds=NearDuplicateSettings(
        same_slice=0.82, related=0.68, related_if_frames_agree=0.5, frames_agree=0.88
    ),
    pairs=11870,
    related_pairs=13012,
    related_groups=2823,
    clusters=3731,
    clusters_of_two_or_more=1842,
    scans_with_a_near_duplicate=4700,
    largest=46,
    pairs_by_similarity={"0.7 to 0.8": 1142, "0.9 to 1.0": 11870},
    pairs_by_orientation={
        "as is": 9100,
        "mirrored left to right": 2700,
        "mirrored top to bottom": 0,
        "turned by 180 degrees": 70,
    },
    per_class={
        name: ClassClusters(scans=1600 + i, clusters=900 + i, largest=4 + i, related=800 + i)
        for i, name in enumerate(CLASSES)
    },
    across_labels=tuple(
        ScanGroup((path, "Training/meningioma/Tr-me_0007.jpg"), ("pituitary", "meningioma"))
        for path in CONTRADICTED
    ),
    truth=SliceAgreement(
        true_pairs=1711,
        found_pairs=1710,
        right_pairs=1710,
        precision=1.0,
        recall=1710 / 1711,
        wrong=(),
        missed=(("Training/glioma/Tr-gl_0001.jpg", "Testing/glioma/Te-gl_0002.jpg"),),
    ),
    seconds=31.4,
)
PATIENTS = Patients(
    source="the Figshare brain tumor dataset (CC BY 4.0)",
    scans=4750,
    slices=3064,
    patients=233,
    groups=209,
    per_class={
        name: ClassPatients(known=1400 + i, unknown=15 + i, patients=60 + i)
        for i, name in enumerate(CLASSES)
    },
    contradicted=tuple(
        ContradictedLabel(path, "pituitary", "meningioma", f"{955 + i}")
        for i, path in enumerate(CONTRADICTED)
    ),
)
LEAKAGE = (
    variant("published", "nothing dropped", 5712, 1311, [182, 481, 700, 788, 1009]),
    variant("official", "", 5497, 1092, [0, 400, 560, 690, 850]),
    *(
        variant("report", f"seed {i}", 4941, 1648, [0, 610 + 6 * i, 970 + i, 1189, 1430 + 4 * i])
        for i in range(5)
    ),
    *(variant("patient", f"fold {i}", 4942 - i, 1647 + i, [0, 0, 0, 0, 0]) for i in range(4)),
)
LOOKALIKES = LookalikePairs(
    level=0.93,
    count=1,
    scans=2,
    pairs=(
        LookalikePair(
            ("Training/glioma/Tr-gl_0003.jpg", "Testing/glioma/Te-gl_0009.jpg"),
            0.9412,
            "two known",
        ),
    ),
)
SHORTCUTS = (
    *(
        probe_score(sees, task, split, value)
        for sees, values in {
            "width, height and aspect of the raw file": (0.52, 0.52, 0.98, 0.98),
            "mean, spread, five percentiles and sharpness of the cropped scan": (
                *(0.84, 0.74, 0.98, 0.97),
            ),
            "the outer 8 pixels of the cropped scan": (0.88, 0.81, 0.97, 0.969),
        }.items()
        for (task, split), value in zip(
            ((FOUR, "report"), (FOUR, "patient"), (BINARY, "report"), (BINARY, "patient")),
            values,
            strict=True,
        )
    ),
    *(
        probe_score("the cropped scan (gbmnet)", FOUR, split, value, "classifier")
        for split, value in (("report", 0.907), ("patient", 0.81))
    ),
)
REPORT = ReportComparison(
    rows=tuple(
        FolderCounts(
            folder=folder,
            kept=sum(counts),
            report_class=report_class,
            report_train=counts[0],
            report_test=counts[1],
            named_alike=PartCounts(*alike),
        )
        for folder, report_class, counts, alike in (
            ("notumor", "glioma", (1274, 425), (1147, 383)),
            ("glioma", "meningioma", (1215, 405), (1274, 425)),
            ("meningioma", "no tumor", (1147, 383), (1215, 405)),
            ("pituitary", "pituitary", (1305, 435), (1305, 435)),
        )
    ),
    steps=(
        StepCount("duplicates in Training", 215, 215),
        StepCount("scans left", 6589, 6589),
    ),
    same=True,
)
PROVENANCE = AuditProvenance(
    command=("audit.py", "data.root=data/brain-tumor-mri", "audit.runs=[runs/a,runs/b]"),
    versions={"python": "3.11.2", "brain-tumor": "0.2.0", "torch": "2.15.0", "kagglehub": None},
    machine="Linux x86_64",
    hardware={"system": "Linux", "cores": 2, "memory": 25276510208},
    git="40753aa40753aa40753aa40753aa40753aa40753",
    git_dirty=False,
    started="2026-01-05 10:11:12",
    seconds=AuditSeconds(preparing=41.3, auditing=88.2),
    peak_memory_bytes=1_310_000_000,
)
AUDIT = Audit(
    data=DATA,
    files=FILES,
    exact=EXACT,
    near=NEAR,
    patients=PATIENTS,
    leakage=LEAKAGE,
    lookalikes=LOOKALIKES,
    shortcuts=SHORTCUTS,
    report=REPORT,
    provenance=PROVENANCE,
)
