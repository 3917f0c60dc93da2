#!/usr/bin/env python3
"""Replicated registers in Maelstrom's protocol: a majority is asked for the newest version, and a majority is
told it, for each write and for each read (Attiya, Bar-Noy and Dolev, 1995). There is no compare-and-set.

With --local-reads a node answers reads from its own copy and asks nobody: reads may be stale.
"""

import json
import os
import sys

LOCAL_READS = "--local-reads" in sys.argv


class Phase:
    """A question to all nodes, and what is done once a majority has answered."""

    def __init__(self, then):
        self.then = then
        self.answers = {}


class Node:
    def __init__(self, name, names):
        self.name, self.names = name, names
        self.majority = len(names) // 2 + 1
        # Numbers of an earlier life must not come again: answers to them may still be on their way.
        self.life, self.number = os.urandom(4).hex(), 0
        self.phases = {}
        self.store = {}
        self.journal = self.recover()

    def recover(self):
        """What a node has acknowledged it must know again when it is started again."""
        path = os.path.join(os.environ.get("QUORATE_DIR", "."), "journal")
        if os.path.exists(path):
            with open(path) as journal:
                for line in journal:
                    if line.endswith("\n"):
                        key, found = json.loads(line)
                        self.store[key] = found
        return open(path, "a")

    def send(self, dest, body):
        print(json.dumps({"src": self.name, "dest": dest, "body": body}), flush=True)

    def ask_all(self, body, then):
        self.number += 1
        name = f"{self.life}-{self.number}"
        self.phases[name] = Phase(then)
        for node in self.names:
            self.send(node, {**body, "phase": name})

    def newest(self, key, then):
        """Calls `then` with the newest version that a majority knows of, and its value."""
        def choose(answers):
            then(*max(answers, key=lambda found: found[0]))
        self.ask_all({"type": "get", "key": key}, choose)

    def tell(self, key, version, value, then):
        """Calls `then` once a majority knows of this version."""
        body = {"type": "put", "key": key, "found": [version, value]}
        self.ask_all(body, lambda _: then())

    def handle(self, src, body):
        kind, key = body["type"], body.get("key")

        def reply(answer):
            self.send(src, {**answer, "in_reply_to": body["msg_id"]})

        def read(value):
            reply({"type": "read_ok", "value": value})

        if kind == "get":
            self.send(src, {"type": "answer", "phase": body["phase"], "found": self.found(key)})
        elif kind == "put":
            self.keep(key, body["found"])
            self.send(src, {"type": "answer", "phase": body["phase"], "found": None})
        elif kind == "answer":
            self.answered(src, body)
        elif kind == "read" and LOCAL_READS:
            read(self.found(key)[1])
        elif kind == "read":
            self.newest(key, lambda version, value:
                        self.tell(key, version, value, lambda: read(value)))
        elif kind == "write":
            def write(version, _):
                # Unique, though this node may be at several writes at once.
                mine = [version[0] + 1, self.name, self.life, self.number]
                self.tell(key, mine, body["value"], lambda: reply({"type": "write_ok"}))
            self.newest(key, write)
        else:
            reply({"type": "error", "code": 10, "text": f"no {kind} here"})

    def found(self, key):
        return self.store.get(key, [[0, "", "", 0], None])

    def keep(self, key, found):
        if found[0] > self.found(key)[0]:
            self.store[key] = found
            self.journal.write(json.dumps([key, found]) + "\n")
            self.journal.flush()

    def answered(self, src, body):
        phase = self.phases.get(body["phase"])
        if phase is not None:
            phase.answers[src] = body["found"]
            if len(phase.answers) >= self.majority:
                del self.phases[body["phase"]]
                phase.then(list(phase.answers.values()))


def main():
    node = None
    for line in sys.stdin:
        message = json.loads(line)
        src, body = message["src"], message["body"]
        if body["type"] == "init":
            node = Node(body["node_id"], body["node_ids"])
            node.send(src, {"type": "init_ok", "in_reply_to": body["msg_id"]})
        else:
            node.handle(src, body)


main()
