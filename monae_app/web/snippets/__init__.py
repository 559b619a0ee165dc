"""Programs that make anew what a page shows, from the folder of the run: strings in, Python out, nothing is run here.

What a browser or a file says comes into a program as a literal, never as code.
"""
