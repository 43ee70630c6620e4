"""An opinion on media that nobody signed: how strong the evidence is, or why there is none.

Advisory: a likelihood ratio with its interval, or an abstention with its reason. Never a finding
that weighs, never one score for a file.
"""
