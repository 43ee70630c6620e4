"""A second opinion on C2PA manifests: ours, beside the reference engine's.

    source.py         the file's bytes, a block at a time
    container.py      where the manifest store lies in a file, and which bytes are its container's
    store.py          the manifests of a store, and what each holds
    claim.py          what a claim lists, held against what the store holds
    cose.py           the claim signature
    certificates.py   the signer's certificates, up to an anchor of a list
    binding.py        the hard binding against the bytes in hand, hashes.py by its kind: data.py
                      but for ranges (units.py says what of), boxes.py box by box, bmff.py boxes in
                      boxes, merkle.py in blocks, fragments.py in fragments; parts.py part by part;
                      collection.py says of a list of files what is on it
    coverage.py       what the signature protects, byte by byte; protected.py within the store,
                      places.py within CBOR
    examine.py        all of it, in order: the one function that others call
    result.py         what came of it

Written on `cbor2` and `cryptography` alone, from the specification: a fault of the engine is not
repeated here but by the same misreading. Bytes in, values out; FirsthandError for what is not read.
"""
