"""The methods that Monae is measured against, for the page Compare and for ``make bench``.

    python -m monae_app.jobs.peers cca INPUTS OUT --seed 0

INPUTS holds a table of each modality and links.npz; what comes out stands in exchange.py. Nothing here needs more of
Monae than this folder, so that a method also runs in an environment of its own.
"""
