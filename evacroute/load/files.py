"""Opening files: gzip or plain, with one clear error for each way in which a file can be broken."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from evacroute.errors import InputError


def read_bytes(path: Path, error: type[InputError]) -> bytes:
    """Read a whole file, unpacked where it is gzip (told by its first bytes).

    Raises
    ------
    InputError
        `error`, if the file is missing, empty, cannot be opened, or its gzip is broken or cut off.
    """
    if not path.is_file():
        what = "this is a folder, expected a file" if path.is_dir() else "there is no such file"
        raise error(f"{path}: {what}")
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (EOFError, zlib.error):
        raise error(f"{path}: the file is cut off (gzip ends too early)") from None
    except OSError as fault:
        raise error(f"{path}: cannot be read: {fault}") from None
    if not data.strip():
        raise error(f"{path}: the file is empty")
    return data


def read_json(path: Path, error: type[InputError]) -> Any:
    """Read a JSON file, gzip or plain.

    Raises
    ------
    InputError
        `error`, as `read_bytes` does, or if the text is no JSON (cut off, mostly).
    """
    data = read_bytes(path, error)
    try:
        return json.loads(data)
    except UnicodeDecodeError:
        raise error(f"{path}: this is not UTF-8 text, expected JSON") from None
    except (json.JSONDecodeError, RecursionError) as fault:
        raise error(f"{path}: this is not JSON, or is cut off: {fault}") from None


def without_gz(path: Path) -> str:
    """Suffix of a path in lower case, of what is inside where it ends in .gz.

    Examples
    --------
    >>> without_gz(Path("venice.geojson.gz")), without_gz(Path("venice.osm.pbf"))
    ('.geojson', '.pbf')
    """
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix
