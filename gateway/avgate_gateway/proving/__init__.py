"""What proves to an outsider that the evidence is whole: a Merkle tree over it, and signed sizes and roots of it."""
