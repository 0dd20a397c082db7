#!/usr/bin/env python3
"""A server made with the official Python SDK of the Model Context Protocol (package mcp, version 1 or 2).

Usage: sdk_mcp.py stdio | http     (http: prints its port, then listens on the loopback until its input ends)
"""

import os
import socket
import sys
import threading

try:
    from mcp.server.mcpserver import MCPServer
except ImportError:
    from mcp.server.fastmcp import FastMCP as MCPServer

server = MCPServer("peer")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def greet(name: str) -> str:
    """Greets somebody."""
    return f"Hello {name} é"


@server.tool()
def explode() -> str:
    """Fails."""
    raise ValueError("boom")


def serve_http() -> None:
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning")).run(sockets=[listener])


if sys.argv[1] == "http":
    serve_http()
else:
    server.run("stdio")
