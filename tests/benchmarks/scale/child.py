"""A run that says which stage it begins: ``python -m tests.benchmarks.scale.child IN OUT SAID [NAME=VALUE ...]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from monae_app.engine.config import make_config
from monae_app.engine.pipeline import run
from tests.benchmarks.scale.streamed import BED, INPUTS


def main(inputs: Path, out: Path, said: Path, settings: dict[str, Any]) -> None:
    """Train; every stage that begins becomes a line of ``said``."""
    last = ""

    def heard(event: dict[str, Any]) -> None:
        nonlocal last
        # the sentence without its numbers: a stage of preprocessing is as long as others are together
        now = f"{event['stage']}: {' '.join(str(event.get('message', '')).split()[:3])}"
        now = "train" if now.startswith("train") and event.get("step") is not None else now
        if now != last:
            last = now
            with said.open("a", encoding="utf-8") as file:
                file.write(now.replace("\n", " ") + "\n")

    files = {name: inputs / file for name, file in INPUTS.items()}
    config = make_config(inputs=files, bed=inputs / BED, batch_key=("batch",), **settings)
    run(config, out, on_event=heard)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), dict(each.split("=", 1) for each in sys.argv[4:]))
