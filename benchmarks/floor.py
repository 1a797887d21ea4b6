"""The least that a first export has to do: read every entry from Git in one process, and parse its YAML.

python benchmarks/floor.py FOLDER
"""

from __future__ import annotations

import subprocess
import sys
from tempfile import TemporaryFile
from typing import IO, cast

import yaml


def main(folder: str) -> None:
    """Read and parse; the result is thrown away."""
    listed = subprocess.run(["git", "ls-files", "-s", "-z", folder], capture_output=True, check=True).stdout
    blobs = [line.split()[1] for line in listed.split(b"\0")[:-1]]
    with TemporaryFile() as wanted:
        wanted.write(b"\n".join(blobs) + b"\n")
        wanted.seek(0)
        command = ["git", "cat-file", "--batch", "--buffer"]
        with subprocess.Popen(command, stdin=wanted, stdout=subprocess.PIPE) as process:
            output = cast("IO[bytes]", process.stdout)
            for _blob in blobs:
                size = int(output.readline().split()[2])
                data = output.read(size + 1)
                yaml.load(data[4 : data.index(b"\n---\n", 4)], Loader=yaml.CSafeLoader)


if __name__ == "__main__":
    main(sys.argv[1])
