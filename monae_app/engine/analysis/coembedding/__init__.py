"""Cells and features in one space: which features lie next to a group of cells, how specific, and where on the map.

Read in this order: ``groups`` (middles of groups and the spread of all cells), ``scoring`` (how near a feature is to a
group), ``specificity`` (to how many groups), ``placing`` (where on the map), ``of_run`` (all of it for a finished run).
"""
