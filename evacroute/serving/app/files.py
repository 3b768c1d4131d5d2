"""Files as they are sent: kept in memory, compressed once, with a tag and the page's headers."""

from __future__ import annotations

import gzip
import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"

MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""What may be sent, by the end of its name; files of other kinds are not."""

POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'", "base-uri 'none'",
        "form-action 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
"""Nothing from another host, no script or style but our files."""

HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "permissions-policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A file, plain and compressed.

    Parameters
    ----------
    plain, packed
        Its bytes, and the same through gzip.
    media
        Its type.
    tag
        What changes when it does.
    """

    plain: bytes
    packed: bytes
    media: str
    tag: str

    @classmethod
    def of(cls, plain: bytes, media: str) -> Sent:
        """Compress a file and give it its tag."""
        tag = f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
        return cls(plain, gzip.compress(plain, 9, mtime=0), media, tag)

    def response(self, request: Request) -> Response:
        """Send it, or say that whoever asks has it."""
        headers = {**HEADERS, "etag": self.tag, "vary": "accept-encoding"}
        if self.tag in _tags(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        content = self.plain
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            content, headers["content-encoding"] = self.packed, "gzip"
        return Response(content, headers={**headers, "content-type": self.media})


def static_files(settings: Mapping[str, str]) -> dict[str, Sent]:
    """Read the page's files, by their path under ``/app/``; the page itself is "".

    Parameters
    ----------
    settings
        Name -> value of the attributes ``data-...`` that the page's body gets.

    Notes
    -----
    The service worker is told the names of all files and a digest over them: when any changes, so
    does the worker, and phones fetch all of them anew.
    """
    plain = {
        path.relative_to(STATIC).as_posix(): path.read_bytes()
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in MEDIA
    }
    given = "".join(f' data-{k}="{html.escape(v)}"' for k, v in settings.items())
    plain["index.html"] = plain["index.html"].replace(b"<body", b"<body" + given.encode(), 1)
    digest = hashlib.sha256(b"".join(k.encode() + v for k, v in plain.items())).hexdigest()[:16]
    names = ["./", *(name for name in plain if name not in ("index.html", "sw.js"))]
    known = b"const VERSION = %s;\nconst FILES = %s;\n"
    plain["sw.js"] = known % (orjson.dumps(digest), orjson.dumps(names)) + plain["sw.js"]
    plain[""] = plain.pop("index.html")
    return {name: Sent.of(body, _media(name)) for name, body in plain.items()}


def _media(name: str) -> str:
    return MEDIA[Path(name or "index.html").suffix]


def _tags(header: str) -> set[str]:
    # A proxy that compresses marks the tag as weak; it is the same file all the same.
    return {one.strip().removeprefix("W/") for one in header.split(",")}


def _takes_gzip(header: str) -> bool:
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
