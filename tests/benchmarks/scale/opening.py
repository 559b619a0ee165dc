"""A finished run in the app, stage by stage: ``python -m tests.benchmarks.scale.opening RUN SAID GENE``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from monae_app.web.app import create_app
from monae_app.web.settings import Settings

RUN = "/api/runs/opened-0"
QUESTIONS = {
    "app: open the map": ("map.json", "map.xy"),
    "app: colour by a label": ("map.colour?key=obs:cell_type",),
    "app: colour by an imputed gene": ("map.colour?key=rna:{gene}",),
}


def main(run: Path, said: Path, gene: str) -> None:
    """Ask as a browser does; every question that begins becomes a line of ``said``."""
    with tempfile.TemporaryDirectory() as store:
        client = create_app(Settings(store=Path(store), files=(run,))).server.test_client()
        for name, paths in QUESTIONS.items():
            with said.open("a", encoding="utf-8") as file:
                file.write(f"{name}\n")
            for path in paths:
                answer = client.get(f"{RUN}/{path.format(gene=gene)}")
                if answer.status_code != 200:
                    raise RuntimeError(answer.text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
