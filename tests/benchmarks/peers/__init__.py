"""The methods that Monae is measured against, one script each.

    python tests/benchmarks/peers/cca.py INPUTS OUT --seed 0

INPUTS holds rna.h5ad, atac.h5ad and links.npz (gene-peak pairs); what comes out stands in exchange.py. The scripts
import nothing of Monae, so that they also run in an environment of their own.
"""
