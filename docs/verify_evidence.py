"""Checks evidence of Avgate without Avgate: what `avgate audit export` or `avgate audit proof` printed.

Usage: python verify_evidence.py FILE KEY[,KEY...] [KEPT]

A KEY is what `avgate audit keys` prints, one for each machine: get them by another way than FILE. KEPT is a
file of checkpoints that you were given before. Needs `cryptography` and nothing else. Ends with 1 if anything
does not hold. The tree is that of RFC 9162, the checkpoints are C2SP signed notes.
"""

import base64
import json
import re
import sys
from functools import reduce
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def digest(entry):
    return sha256(json.dumps(entry[:7], separators=(",", ":")).encode()).hexdigest()


def leaf(entry):
    return sha256(b"\x00" + bytes.fromhex(digest(entry))).digest()


def parent(left, right):
    return sha256(b"\x01" + left + right).digest()


def opened(note, keys):
    text, _, line = note.rpartition("\n\u2014 ")
    try:
        signer, signature = line.split()
        signature = base64.b64decode(signature, validate=True)
        key = base64.b64decode(keys[f"{signer}+{signature[:4].hex()}"])[1:]
        Ed25519PublicKey.from_public_bytes(key).verify(signature[4:], text.encode())
    except (InvalidSignature, KeyError, ValueError):
        sys.exit("a checkpoint is not as one of these keys signed it")
    _, size, root, *_ = text.split("\n")
    return int(size), base64.b64decode(root)


def check_log(lines, keys, kept):
    entries = [json.loads(line) for line in lines if line.startswith("[")]
    notes = [json.loads(line)["checkpoint"] for line in lines if line.startswith("{")]
    told = {opened(note, keys) for note in notes + kept}
    signed = dict(told)
    if len(signed) < len(told):
        sys.exit("two checkpoints tell different things of as many entries")
    previous, subtrees, place = "0" * 64, [], 0
    for place, entry in enumerate(entries, 1):
        if (entry[0], entry[6], digest(entry)) != (place, previous, entry[7]):
            sys.exit(f"entry {place} was changed, removed, moved or put in")
        previous, grown, complete = entry[7], leaf(entry), place
        while complete % 2 == 0:
            grown, complete = parent(subtrees.pop(), grown), complete // 2
        subtrees.append(grown)
        if place in signed and signed[place] != reduce(
            lambda right, left: parent(left, right), subtrees[::-1]
        ):
            sys.exit(f"entry {place}, or one since the checkpoint before, is not what was signed")
    if not signed or max(signed) > place:
        sys.exit(f"the end is gone, or nothing was signed: there are {place} entries")
    print(f"{place} entries are whole; {max(signed)} of them are signed")


def check_proof(proof, keys):
    size, root = opened(proof["checkpoint"], keys)
    leaves = {entry[0] - 1: leaf(entry) for entry in proof["entries"]}
    path = [base64.b64decode(one) for one in proof["path"]]

    def walk(begin, end):
        if not any(begin <= number < end for number in leaves):
            return path.pop(0) if path else b""
        if end - begin == 1:
            return leaves[begin]
        middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
        return parent(walk(begin, middle), walk(middle, end))

    if any(entry[3] != proof["request_id"] for entry in proof["entries"]):
        sys.exit("an entry is of another request")
    if not leaves or walk(0, size) != root or path:
        sys.exit("the entries are not in the log that was signed")
    print(f"{len(leaves)} entries of {proof['request_id']} are in a signed log of {size}")


if __name__ == "__main__":
    said, *kept = [Path(one).read_text("utf-8", "ignore") for one in sys.argv[1:4:2]]
    split = [one.split("+", 2) for one in sys.argv[2].split(",")]
    trusted = {f"{name}+{key_id}": key for name, key_id, key in split}
    notes = re.findall("(?:[^\n]+\n){4}\n\u2014 [^\n]+=", "".join(kept))  # "=": not cut short
    if kept and not notes:
        sys.exit("there is no checkpoint in what you kept")
    proof = json.loads(said) if said.startswith('{"request_id"') else None
    check_proof(proof, trusted) if proof else check_log(said.splitlines(), trusted, notes)
