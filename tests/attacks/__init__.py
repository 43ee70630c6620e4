"""Attacks, each a file or evidence forged here, named after the lie that it tells.

    attack.py      what an attack is
    world.py       whom everybody in it believes, and what is forged from
    peer.py        what c2pa-python alone says of the same file
    judge.py       what `firsthand verify` says
    catalogue.py   all of them, in the order of docs/attacks.md, which is made of what they yield

A theme a file: signers, authorities, times, revocations, claims, bindings, ingredients, records,
hostile. Files that name addresses are apart, in reach.py; watch.py hears and sees who goes there.
"""
