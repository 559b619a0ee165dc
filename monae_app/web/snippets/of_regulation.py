"""The program of the page Regulation: targets of a factor and links of a gene, beside what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.web.snippets.program import Program, literal

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.antibodies import Organism


def regulation_program(run: Path | None, name: str, tf: str, gene: str, organism: Organism | None) -> str:
    """Write the program.

    Parameters
    ----------
    run, name
        Folder of the run where that may be told, and what it is called.
    tf
        The factor.
    gene
        The target whose links are written; all links where it is empty.
    organism
        Whose known targets stand beside; None for none.
    """
    program = Program(f"Targets of {tf} in {name}", run)
    program.uses("monae_app.engine.analysis.regulation.gathering", "gather")
    program.uses("monae_app.engine.data.motifs.hits", "MotifHits")
    program.uses("monae_app.engine.result", "Result")
    program.add(
        "result = Result.load(RUN)",
        'path = RUN / "motif_hits.npz"',
        "hits = MotifHits.load(path) if path.exists() else None",
        "found = gather(result, hits=hits, window=result.config.refined_window)",
        f"targets = found.targets({literal(tf)})",
    )
    if organism is not None:
        program.uses("monae_app.engine.data.known_targets", "read_known_targets")
        program.add(
            f"known = read_known_targets({literal(organism)})  # TRRUST v2, CC BY-SA 4.0",
            f"edges = known.among(found.genes).targets_of({literal(tf)}).set_index('target')",
            "targets['known'] = targets['target'].isin(edges.index)",
            "targets['pmids'] = targets['target'].map(edges['pmids']).fillna('')",
        )
    program.add(
        'targets.to_csv("targets.csv", index=False, float_format="%.6g")',
        f'found.links_table({literal(gene) if gene else "None"}).to_csv("links.csv", index=False, float_format="%.6g")',
        "print(targets.head(20).to_string())",
    )
    return program.text()
