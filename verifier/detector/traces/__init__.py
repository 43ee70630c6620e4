"""What an edit leaves behind in a file, found without learning, and told with its place.

Each test is a pure function of arrays in a module of its own; `examine.picture_traces` reads the
file and asks them all. A trace is shown and weighs nothing.
"""
