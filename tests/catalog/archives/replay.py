"""A server on this machine that gives prepared answers and remembers what it was asked."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answer:
    """One answer; ``cut`` sends so many bytes of the body and hangs up, ``silent`` says nothing until the end."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    silent: bool = False


@dataclass
class File:
    """A file served with ranges; ``cuts``: the first answers hang up after so many bytes of theirs."""

    body: bytes
    tag: str = '"one"'
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, asked: dict[str, str]) -> Answer:
        cut = self.cuts.pop(0) if self.cuts else None
        headers = {"Content-Type": "application/octet-stream", "ETag": self.tag, **self.headers}
        match = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        fresh = asked.get("if-range", self.tag) == self.tag
        if not (self.ranges and match and fresh):
            return Answer(200, self.body, headers, cut)
        start, total = int(match[1]), len(self.body)
        if start >= total:
            return Answer(416, b"", {"Content-Range": f"bytes */{total}"})
        headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        return Answer(206, self.body[start:], headers, cut)


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    host: str

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Say nothing of clients that hang up: they are asked to."""


class Replay:
    """The server: ``routes`` maps a path to an answer, a file, a function, or a list of these (the last stays)."""

    def __init__(self) -> None:
        self.routes: dict[str, object] = {}
        self.asked: list[Asked] = []
        self._end = threading.Event()
        replay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def log_message(self, *_):
                pass

            def do_GET(self):
                replay.serve(self, "GET")

            def do_POST(self):
                replay.serve(self, "POST")

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.other_url = f"http://localhost:{self.port}"

    def close(self) -> None:
        self._end.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def at(self, path: str) -> list[Asked]:
        return [a for a in self.asked if a.path == path]

    def serve(self, handler: BaseHTTPRequestHandler, method: str) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        asked = Asked(
            method,
            parts.path,
            parse_qs(parts.query),
            {k.lower(): v for k, v in handler.headers.items()},
            handler.rfile.read(length),
            handler.headers.get("Host", ""),
        )
        self.asked.append(asked)
        self._send(handler, self._choose(asked))

    def _choose(self, asked: Asked) -> Answer:
        found = self.routes.get(asked.path, Answer(404, b"nothing here"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, File):
            return found.answer(asked.headers)
        return found(asked) if callable(found) else found

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.silent:
            self._end.wait(20)
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in answer.headers:
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
        handler.close_connection = answer.cut is not None


def as_json(value: object, **headers: str) -> Answer:
    return Answer(200, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})
