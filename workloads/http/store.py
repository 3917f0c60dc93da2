#!/usr/bin/env python3
"""A store that keeps the HTTP contract of docs/http.md: the first node has the registers, and the others ask it.

With --cached they remember what they have seen, and answer reads from that: reads may be stale.
"""

import http.client
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CACHED = "--cached" in sys.argv
HOST, PORT = os.environ["QUORATE_ADDRESS"].split(":")
PEERS = dict(peer.split("=") for peer in os.environ["QUORATE_PEERS"].split())
LEADER = PEERS.get("n1")  # The first node has no way to itself.
PATIENCE_S = 2

lock = threading.Lock()
registers = {}
path = os.path.join(os.environ["QUORATE_DIR"], "registers")


def recover():
    if os.path.exists(path):
        with open(path) as file:
            for line in file:
                if line.endswith("\n"):
                    key, value = json.loads(line)
                    registers[key] = value
    return open(path, "a")


journal = recover()


def decide(method, key, value, condition):
    """What the first node answers: a status and a body."""
    with lock:
        found = registers.get(key)
        if method == "GET":
            return (404, "") if found is None else (200, found)
        if condition is not None and condition != (f'"{found}"' if found else "*"):
            return 412, found or ""
        registers[key] = value
        journal.write(json.dumps([key, value]) + "\n")
        journal.flush()
        return 204, ""


def ask(method, key, value, headers):
    """What the first node answers to another one."""
    connection = http.client.HTTPConnection(LEADER, timeout=PATIENCE_S)
    try:
        connection.request(method, key, value, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 504, "no answer from n1"
    except http.client.HTTPException:
        return 502, "half an answer from n1"
    finally:
        connection.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        value = self.rfile.read(length).decode()
        names = ("If-Match", "If-None-Match")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        condition = next(iter(headers.values()), None)
        cached = registers.get(self.path)
        if LEADER is None:
            status, body = decide(self.command, self.path, value, condition)
        elif CACHED and self.command == "GET" and cached is not None:
            status, body = 200, cached
        else:
            status, body = ask(self.command, self.path, value, headers)
            if status in (200, 204):
                registers[self.path] = value or body
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body.encode())

    do_GET = do_PUT = answer

    def log_message(self, *_):
        pass


ThreadingHTTPServer((HOST, int(PORT)), Handler).serve_forever()
