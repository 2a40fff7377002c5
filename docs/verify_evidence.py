"""Checks evidence of Avgate without Avgate: what `avgate audit export` or `avgate audit proof` printed.

Usage: python verify_evidence.py FILE VERIFIER_KEY

VERIFIER_KEY is what `avgate audit checkpoint` prints on standard error (name+id+key); get it from the
controller by another way than FILE. Needs `cryptography` and nothing else. Ends with 1 if anything does
not hold. The tree is that of RFC 9162, the checkpoints are C2SP signed notes.
"""

import base64
import json
import sys
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def digest(entry):
    return sha256(json.dumps(entry, separators=(",", ":")).encode()).digest()


def parent(left, right):
    return sha256(b"\x01" + left + right).digest()


def opened(note, verifier_key):
    """The size and the root that a checkpoint tells of, once its signature holds."""
    name, key_id, encoded = verifier_key.split("+", 2)
    text, _, line = note.rpartition("\n\u2014 ")
    signer, signature = line.split()
    signature, key = base64.b64decode(signature), base64.b64decode(encoded)[1:]
    if signer != name or signature[:4].hex() != key_id:
        sys.exit("the checkpoint is signed with another key")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature[4:], text.encode())
    except InvalidSignature:
        sys.exit("the signature of a checkpoint does not hold")
    _, size, root, *_ = text.split("\n")
    return int(size), base64.b64decode(root)


def check_log(lines, verifier_key):
    entries = [json.loads(line) for line in lines if line.startswith("[")]
    told = {
        opened(json.loads(line)["checkpoint"], verifier_key)
        for line in lines
        if line.startswith("{")
    }
    signed = dict(told)
    if len(signed) < len(told):
        sys.exit("two checkpoints tell different things of as many entries")
    previous, subtrees, place = "0" * 64, [], 0
    for place, entry in enumerate(entries, 1):
        if entry[0] != place or entry[6] != previous:
            sys.exit(f"entry {place} was changed, removed, moved or put in")
        previous = digest(entry).hex()
        grown, complete = sha256(b"\x00" + bytes.fromhex(previous)).digest(), place
        while complete % 2 == 0:
            grown, complete = parent(subtrees.pop(), grown), complete // 2
        subtrees.append(grown)
        if place in signed:
            root = subtrees[-1]
            for left in reversed(subtrees[:-1]):
                root = parent(left, root)
            if root != signed[place]:
                sys.exit(
                    f"entry {place}, or one since the checkpoint before it, is not what was signed"
                )
    if not signed or max(signed) > place:
        sys.exit(f"the end is gone, or nothing was signed: there are {place} entries")
    print(f"{place} entries are whole; {max(signed)} of them are signed")


def check_proof(proof, verifier_key):
    size, root = opened(proof["checkpoint"], verifier_key)
    leaves = {entry[0] - 1: sha256(b"\x00" + digest(entry)).digest() for entry in proof["entries"]}
    path = [base64.b64decode(one) for one in proof["path"]]

    def walk(begin, end):
        if not any(begin <= number < end for number in leaves):
            return path.pop(0)
        if end - begin == 1:
            return leaves[begin]
        middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
        return parent(walk(begin, middle), walk(middle, end))

    if any(entry[3] != proof["request_id"] for entry in proof["entries"]):
        sys.exit("an entry is of another request")
    if walk(0, size) != root or path:
        sys.exit("the entries are not in the log that was signed")
    print(f"{len(leaves)} entries of {proof['request_id']} are in a signed log of {size}")


if __name__ == "__main__":
    said = Path(sys.argv[1]).read_text("utf-8").splitlines()
    whole = json.loads(said[0]) if said[0].startswith('{"request_id"') else None
    check_proof(whole, sys.argv[2]) if whole else check_log(said, sys.argv[2])
