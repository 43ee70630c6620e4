"""What an edit leaves behind in a file, found by a test, and told with its place.

Each test is a pure function of arrays in a module of its own, but for `foreign` and `counter`,
which ask a network each; `examine.picture_traces`, `clip.clip_traces` and `sound.sound_traces` read
the file and ask them all. A trace is shown and weighs nothing.
"""
