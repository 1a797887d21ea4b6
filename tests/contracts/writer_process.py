"""A process that writes one key over and over, and says what was acknowledged.

Its arguments are a back end, an address, a name of its own, and how often it writes. Each line is JSON: the value that
was written, the value that lost, if one did, and the version that the key then had.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing

from backends import BACKENDS
from contract_memories import memory, of, put
from stores import NO_LIMIT


def main(backend: str, address: str, name: str, times: str) -> None:
    """Write as the command line says."""
    with closing(BACKENDS[backend].open(address, NO_LIMIT)) as items:
        for number in range(int(times)):
            value = f"{name}{number}"
            stored = put(items, memory("contested", value, minute=number, writer=name))
            print(json.dumps([value, stored.rival and stored.rival.value, of(stored).version]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
