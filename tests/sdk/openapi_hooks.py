"""Leads half of schemathesis's requests to workflows and runs that exist: by chance alone it would see little but 404.

What is wrong with a request stays wrong, and what is right stays right. Which half is told by a text's length, so that the
same requests are made each time.
"""

import os
import re

import schemathesis

ENDED, ASKING = os.environ["ENDED_RUN"], os.environ["ASKING_RUN"]


def led(value) -> bool:
    return isinstance(value, str) and len(value) % 2 == 0


@schemathesis.hook
def map_body(context, body):
    if not isinstance(body, dict):
        return body
    if led(body.get("model")):
        body["model"] = "cascade"
    if led(body.get("workflow")):
        body["workflow"] = "asking"
        if isinstance(body.get("inputs"), dict):
            body["inputs"] = {"question": "?"}  # which inputs a workflow takes is no part of the description
    messages = body.get("messages")
    if isinstance(messages, list) and messages and all(isinstance(message, dict) for message in messages):
        if messages[-1].get("role") in ("system", "developer", "assistant"):
            messages[-1]["role"] = "user"  # that one of them must be the user's can't be said in OpenAPI 3.0
    return body


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and led(path_parameters.get("name")):
        path_parameters["name"] = "cascade"
    if path_parameters and led(path_parameters.get("id")):
        path_parameters["id"] = ASKING if "approvals" in context.operation.path else ENDED
        if isinstance(path_parameters.get("step"), str):
            path_parameters["step"] = "ask"
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    if query and isinstance(query.get("wait"), str) and re.fullmatch("[0-9]{1,7}(ms|s)", query["wait"]):
        query["wait"] = "20ms"  # a person is waited for, and nobody answers
    return query
