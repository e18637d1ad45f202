"""`python -m brain_tumor.evaluate run=FOLDER`: a run's checkpoint -> predictions and scores."""

from omegaconf import DictConfig

from brain_tumor.runtime.command import command


@command("evaluate")
def main(config: DictConfig) -> None:
    """Score a checkpoint of a run on the run's own split, and print the tables."""
    from pathlib import Path

    from rich.console import Console

    from brain_tumor.report.tables import class_table
    from brain_tumor.runtime.quiet import hush_lightning
    from brain_tumor.runtime.reopen import reopen_data
    from brain_tumor.runtime.run_folder import RunFolder
    from brain_tumor.runtime.scoring import draw_confusion, score_run

    hush_lightning()
    run = RunFolder(Path(str(config.run)).expanduser())
    settings = run.read_config()
    checkpoint = run.checkpoint(config.checkpoint)
    datamodule = reopen_data(run, settings, config.root)
    # Another checkpoint than the one that training scored gets a folder of its own.
    scored = run.read_json("run.json").get("scored", checkpoint.name)
    out = run if scored == checkpoint.name else RunFolder(run.path / checkpoint.stem)
    out.create()
    scores = score_run(out, datamodule, checkpoint, config.accelerator)
    draw_confusion(out, scores, settings.model.name)
    console = Console(highlight=False)
    for part, values in scores.items():
        console.print(class_table(values, f"{part}: {settings.model.name}, {checkpoint.name}"))
    console.print(f"written: {out.path / 'metrics.json'}", soft_wrap=True)
    console.print(f"written: {out.path / 'predictions.csv'}", soft_wrap=True)


if __name__ == "__main__":
    main()
