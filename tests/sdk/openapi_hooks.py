"""Leads half of schemathesis's requests to workflows and runs that exist: by chance alone it would see little but 404.

What is wrong with a request stays wrong, and what is right stays right. Which half is told by a text's length, so that the
same requests are made each time. Where the server is stricter than a description can be, what is right by it is made so.
"""

import os
import re

import schemathesis

ENDED, ASKING = os.environ["ENDED_RUN"], os.environ["ASKING_RUN"]
DURATION = re.compile("[0-9]{1,7}(ms|s)")
TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def led(value) -> bool:
    return isinstance(value, str) and len(value) % 2 == 0


def lead_body(body: dict) -> None:
    if led(body.get("model")):
        body["model"] = "cascade"
    if led(body.get("workflow")):
        body["workflow"] = "cascade"  # it ends: following one that waits would not
    if body.get("workflow") in ("asking", "cascade") and isinstance(body.get("inputs", {}), dict):
        body["inputs"] = {"question": "?"}  # which inputs a workflow takes, it says itself
    messages = body.get("messages")
    if isinstance(messages, list) and messages and all(isinstance(message, dict) for message in messages):
        if messages[-1].get("role") in ("system", "developer", "assistant"):
            messages[-1]["role"] = "user"  # one of them must be the user's


def lead_path(path: str, parameters: dict) -> None:
    if led(parameters.get("name")):
        parameters["name"] = "cascade"
    if led(parameters.get("id")):
        parameters["id"] = ASKING if "approvals" in path else ENDED
        if isinstance(parameters.get("step"), str):
            parameters["step"] = "ask"


def lead_query(query: dict) -> None:
    if isinstance(query.get("wait"), str) and DURATION.fullmatch(query["wait"]):
        query["wait"] = "20ms"  # a person is waited for, and nobody answers
    if query.get("before"):
        query["before"] = ENDED  # it names a run
    for key in ("since", "until"):
        if isinstance(query.get(key), str) and TIME.fullmatch(query[key]):
            query[key] = "2026-01-31T12:00:00Z"  # a pattern does not know how long a month is


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        lead_body(case.body)
    if case.path_parameters:
        lead_path(case.operation.path, case.path_parameters)
    if case.query:
        lead_query(case.query)
