"""Measures quality and cost, Monae beside its peers: ``make bench``.

``run`` is the way in. A data set (``datasets``) is split into what methods may see and the truth; every method
(``methods``) runs in a process of its own (``execution``) and leaves an embedding, imputed values or both, which are
scored (``scoring``) and stored, one file a result (``store``). From these files alone come RESULTS.md (``report``,
``must_show``) and the plot.
"""
