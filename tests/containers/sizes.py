"""Sizes and start time of the built images: a table, and `build/images.json`."""

import json
import posixpath
import statistics
import subprocess
import tarfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import IO

from rich.console import Console
from rich.table import Table

from tests.containers.engine import PHASES, Image, connected
from tests.source import ROOT

PLACE = ROOT / "build/images.json"
MIB = 1024 * 1024
STARTS = 5
GZIP_MAGIC = b"\x1f\x8b"
REGISTRIES_LEVEL = 6  # what `docker push` compresses with


@dataclass(frozen=True)
class Size:
    """One image: as it lies on a node, as it is pulled, and how long a check takes to begin."""

    name: str
    bytes: int
    compressed_bytes: int
    start_s: float
    layers: int


def compressed(tags: Sequence[str]) -> dict[str, int]:
    """What a registry holds of each image; layers that they share are compressed once."""
    sizes: dict[str, int] = {}
    links: dict[str, str] = {}
    manifests = []
    with (
        subprocess.Popen(["docker", "save", *tags], stdout=subprocess.PIPE) as saved,
        # Read as it comes: an image is larger than what should lie in memory.
        tarfile.open(fileobj=saved.stdout, mode="r|") as archive,
    ):
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if member.name == "manifest.json" and content:
                manifests = json.load(content)
            elif content:
                sizes[member.name] = _compressed(content)
            elif member.islnk() or member.issym():
                folder = posixpath.dirname(member.name)
                links[member.name] = posixpath.normpath(posixpath.join(folder, member.linkname))
    if saved.returncode:
        raise SystemExit(f"images: `docker save` ended with {saved.returncode}")

    def size(part: str) -> int:
        return sizes[links.get(part, part)]

    return {
        tag: size(entry["Config"]) + sum(map(size, entry["Layers"]))
        for entry in manifests
        for tag in entry["RepoTags"]
    }


def _compressed(content: IO[bytes]) -> int:
    chunk, total = content.read(MIB), 0
    squeeze = None if chunk.startswith(GZIP_MAGIC) else zlib.compressobj(REGISTRIES_LEVEL)
    while chunk:
        total += len(squeeze.compress(chunk) if squeeze else chunk)
        chunk = content.read(MIB)
    return total + len(squeeze.flush() if squeeze else b"")


def start_s(image: Image) -> float:
    """From starting a container to the end of a check that finds no cluster: that is all start."""
    took = []
    for _ in range(STARTS):
        began = time.monotonic()
        image.run(image.checks[0])
        took.append(time.monotonic() - began)
    return round(statistics.median(took), 2)


def main() -> int:
    """Measure all images."""
    with connected() as engine:
        images = [Image(engine, phase) for phase in PHASES]
        pulled = compressed([image.tag for image in images])
        sizes = [
            Size(
                image.tag.partition(":")[0],
                image.attrs["Size"],
                pulled[image.tag],
                start_s(image),
                len(image.attrs["RootFS"]["Layers"]),
            )
            for image in images
        ]
    table = Table("image", "size", "compressed", "layers", "start", box=None, pad_edge=False)
    for size in sizes:
        megabytes = (f"{number / 1e6:.0f} MB" for number in (size.bytes, size.compressed_bytes))
        table.add_row(size.name, *megabytes, str(size.layers), f"{size.start_s} s")
    Console(width=100).print(table)
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_text(json.dumps([asdict(size) for size in sizes], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
