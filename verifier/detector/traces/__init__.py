"""What an edit leaves behind in a file, found by a test, and told with its place.

Each test is a pure function of arrays in a module of its own, but for `foreign`, which asks a
network; `examine.picture_traces`, `clip.clip_traces` and `sound.sound_traces` read the file and ask
them all. A trace is shown and weighs nothing.
"""
