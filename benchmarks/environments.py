"""The virtual environments of a sitting, each made once under `.peers`: Handrail's core alone, and each peer alone.

What a peer's holds is pinned in `peers/NAME.txt`; another pin, or other source of Handrail, makes it anew.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
FOLDER = HERE / ".peers"


def of_peer(name: str) -> Path:
    """Return the interpreter of a peer's environment."""
    pins = HERE / "peers" / f"{name}.txt"
    return _made(name, pins.read_bytes(), ["--no-deps", "-r", str(pins)])


def of_handrail() -> Path:
    """Return the interpreter of an environment that has Handrail's core, installed from a wheel as people do."""
    source = hashlib.sha256((ROOT / "pyproject.toml").read_bytes())
    for path in sorted((ROOT / "src").rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            source.update(path.read_bytes())
    return _made("handrail", source.hexdigest().encode(), [str(ROOT)])


def _made(name: str, contents: bytes, install: list[str]) -> Path:
    folder, wanted = FOLDER / name, hashlib.sha256(contents).hexdigest()
    mark, python = folder / "made-of", folder / "bin" / "python"
    if not (mark.exists() and mark.read_text() == wanted):
        print(f"Making {folder.relative_to(ROOT)} ...", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "-qqq", "install"]
        subprocess.run([*pip, *install], check=True)
        mark.write_text(wanted)
    return python
