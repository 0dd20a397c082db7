#!/usr/bin/env python3
"""A server of tools (Model Context Protocol on its standard streams) that repeats a secret of its environment wherever it can."""
import json
import os
import sys

TOKEN = os.environ["TOOL_TOKEN"]
TOOL = {"name": "tell", "description": f"Tells {TOKEN}.",
        "inputSchema": {"type": "object", "properties": {"a": {"type": "string", "description": TOKEN}}}}

print(f"started with {TOKEN}", file=sys.stderr, flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    reply = {"jsonrpc": "2.0", "id": message["id"]}
    if message["method"] == "initialize":
        reply["result"] = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                           "serverInfo": {"name": "leaky", "version": TOKEN}}
    elif message["method"] == "tools/list":
        reply["result"] = {"tools": [TOOL]}
    elif message["params"]["arguments"].get("a") == "fail":
        reply["error"] = {"code": -32000, "message": f"{TOKEN} was refused"}
    elif message["params"]["arguments"].get("a") == "die":
        print(f"dying with {TOKEN}", file=sys.stderr, flush=True)
        sys.exit(3)
    else:
        reply["result"] = {"content": [{"type": "text", "text": f"the token is {TOKEN}"}]}
    print(json.dumps(reply), flush=True)
