"""The report of a run: one HTML file that holds everything it shows and asks no host for anything.

``write_report(folder, path)`` reads a finished run by columns, draws its figures (matplotlib, inline) and writes data,
settings, versions, scores, verdict, warnings, how to cite, and a paragraph of methods.
"""

from monae_app.engine.analysis.run_report.writing import write_report

__all__ = ["write_report"]
