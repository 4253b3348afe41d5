"""A disk of a few MiB, to be full on: a mounted tmpfs, which only root may make.

It isn't in a test's own folder: killed test runs leave their mounts behind, and what cleans up old folders stumbles
over those. The folder's name tells whose it is, and the next one to need a disk takes the abandoned ones away.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PREFIX = "handrail-disk-"


def mounted(size: str) -> Path | None:
    """Mount a disk of that size (as `2m`), or None where that can't be done."""
    _take_away_the_abandoned()
    if sys.platform != "linux" or shutil.which("mount") is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        return None
    return folder


def unmount(folder: Path) -> None:
    """Take it away, even while a process has a file open in it."""
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def _take_away_the_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
            shutil.rmtree(folder, ignore_errors=True)
