#!/usr/bin/env python3
"""A server of one tool, `add`, that speaks the Model Context Protocol on its standard streams."""
import json
import os
import sys

TOOL = {"name": "add", "description": "Adds two numbers.",
        "inputSchema": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}}}

if "PID_FILE" in os.environ:
    with open(os.environ["PID_FILE"], "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))

for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    if message["method"] == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "calculator", "version": "1"}}
    elif message["method"] == "tools/list":
        result = {"tools": [TOOL]}
    else:
        numbers = message["params"]["arguments"]
        result = {"content": [{"type": "text", "text": str(numbers["a"] + numbers["b"])}]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
