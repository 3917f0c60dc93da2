#!/usr/bin/env python3
"""A node that stores nothing itself: it passes every question on to a store that Maelstrom offers, and the
answer back. With `lin-kv` that is linearizable, with `seq-kv` it is not.
"""

import json
import sys

STORE = sys.argv[1]


def send(src, dest, body):
    print(json.dumps({"src": src, "dest": dest, "body": body}), flush=True)


def main():
    asked, number = {}, 0
    for line in sys.stdin:
        message = json.loads(line)
        src, own, body = message["src"], message["dest"], message["body"]
        if body["type"] == "init":
            send(own, src, {"type": "init_ok", "in_reply_to": body["msg_id"]})
        elif src == STORE:
            client, theirs = asked.pop(body["in_reply_to"])
            send(own, client, {**body, "in_reply_to": theirs})
        else:
            number += 1
            asked[number] = (src, body["msg_id"])
            send(own, STORE, {**body, "msg_id": number})


main()
