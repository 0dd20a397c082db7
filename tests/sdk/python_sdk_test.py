#!/usr/bin/env python3
"""`enough serve` as programs with OpenAI's Python client meet it: the client is the official one, unchanged.

Usage: python_sdk_test.py PROGRAM [TESTS...]     with the Python of the folder that setup.sh prints
"""

import asyncio
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

import openai

from served import HERE, Served, Upstream, eventually

PROGRAM = ""
WORKFLOWS = sorted((HERE / "workflows").glob("*.yaml"))
ASK = [{"role": "user", "content": "What is 6 * 7?"}]
CASCADE_USAGE = (4 + 6, 3 + 5, 18)  # of both calls, as cascade.yaml has them


def client(served: Served, key: str = "none", **settings) -> openai.OpenAI:
    return openai.OpenAI(base_url=served.url + "/v1", api_key=key, **{"max_retries": 0, "timeout": 30, **settings})


def numbers(usage) -> tuple[int, int, int]:
    return usage.prompt_tokens, usage.completion_tokens, usage.total_tokens


def thought(chunk) -> str | None:
    return getattr(chunk.choices[0].delta, "reasoning_content", None) if chunk.choices else None


class WithServer(unittest.TestCase):
    options: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        cls.upstream = cls.enterClassContext(Upstream())
        cls.served = cls.enterClassContext(Served(PROGRAM, WORKFLOWS, cls.upstream.url, *cls.options))
        cls.openai = client(cls.served)

    def ask(self, model: str, **more):
        return self.openai.chat.completions.create(model=model, messages=more.pop("messages", ASK), **more)

    def runs(self, status: str, key: str = "") -> list[str]:
        return [run["run_id"] for run in self.served.get(f"/v1/runs?status={status}&limit=100", key)["data"]]


class Models(WithServer):
    def test_they_are_the_workflows(self) -> None:
        models = self.openai.models.list()
        self.assertEqual([model.id for model in models], [path.stem for path in WORKFLOWS])
        self.assertEqual({model.object for model in models}, {"model"})

    def test_one_of_them(self) -> None:
        model = self.openai.models.retrieve("cascade")
        self.assertEqual((model.id, model.object, model.owned_by), ("cascade", "model", "enough"))

    def test_one_that_is_not_there(self) -> None:
        with self.assertRaises(openai.NotFoundError) as raised:
            self.openai.models.retrieve("gpt-9")
        self.assertEqual(raised.exception.code, "model_not_found")


class Whole(WithServer):
    def test_the_answer_and_what_it_cost(self) -> None:
        answer = self.ask("cascade")
        self.assertEqual(answer.choices[0].message.content, "it is 42")
        self.assertEqual((answer.choices[0].message.role, answer.choices[0].finish_reason), ("assistant", "stop"))
        self.assertEqual((answer.object, answer.model), ("chat.completion", "cascade"))
        self.assertEqual(numbers(answer.usage), CASCADE_USAGE)
        self.assertLess(abs(answer.created - time.time()), 60)

    def test_its_report_and_the_headers(self) -> None:
        raw = self.openai.chat.completions.with_raw_response.create(model="cascade", messages=ASK)
        report = raw.parse().model_extra["enough"]
        self.assertEqual((report["status"], report["run_id"]), ("accepted", raw.headers["x-enough-run-id"]))
        self.assertEqual(self.served.get("/v1/runs/" + report["run_id"])["output"], "it is 42")

    def test_asynchronously_and_at_once(self) -> None:
        async def both() -> list:
            async with openai.AsyncOpenAI(base_url=self.served.url + "/v1", api_key="none", max_retries=0) as many:
                asked = [many.chat.completions.create(model="cascade", messages=ASK) for _ in range(8)]
                return await asyncio.gather(*asked)

        self.assertEqual([answer.choices[0].message.content for answer in asyncio.run(both())], ["it is 42"] * 8)

    def test_the_conversation_and_metadata_reach_the_workflow(self) -> None:
        messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"},
                    {"role": "assistant", "content": "Hi!"}, {"role": "user", "content": [{"type": "text", "text": "And now?"}]}]
        plain = self.ask("conversation", messages=messages)
        self.assertEqual(plain.choices[0].message.content, "plain|0|And now?|system:Be kind.|assistant:Hi!")
        told = self.ask("conversation", messages=messages, metadata={"tone": "warm", "count": "3"})
        self.assertEqual(told.choices[0].message.content, "warm|3|And now?|system:Be kind.|assistant:Hi!")
        extra = self.ask("conversation", messages=messages, extra_body={"metadata": {"count": 4}, "of_no_effect": 1})
        self.assertEqual(extra.choices[0].message.content, "plain|4|And now?|system:Be kind.|assistant:Hi!")
        self.assertEqual(extra.model_extra["enough"]["ignored"], ["of_no_effect"])

    def test_sampling_where_the_workflow_allows_it(self) -> None:
        self.assertEqual(self.ask("temperature").choices[0].message.content, "0.75")
        self.assertEqual(self.ask("temperature", temperature=0.25).choices[0].message.content, "0.25")
        refused = self.ask("cascade", temperature=0.25, top_p=0.5)
        self.assertEqual(sorted(refused.model_extra["enough"]["ignored"]), ["temperature", "top_p"])


class Streams(WithServer):
    def test_the_draft_then_the_answer_each_word_when_it_comes(self) -> None:
        began, draft, answer, report = time.monotonic(), [], [], None
        for chunk in self.ask("live", stream=True):
            now = time.monotonic() - began
            if thought(chunk):
                self.assertEqual(answer, [], "a draft after the answer has begun")
                draft.append((now, thought(chunk)))
            if chunk.choices[0].delta.content:
                answer.append((now, chunk.choices[0].delta.content))
            report = chunk.model_extra.get("enough") or report
        self.assertEqual("".join(text for _, text in draft).strip(), " ".join(f"word{i}" for i in range(6)))
        self.assertEqual("".join(text for _, text in answer), "".join(f"word{i} " for i in range(10)))
        self.assertEqual(report["status"], "accepted")
        # Upstream lets 30 ms pass before each word: 150 ms lie between the first and the last of six, 270 of ten.
        self.assertGreaterEqual(len(answer), 5, "the answer came in too few pieces")
        self.assertGreater(draft[-2][0] - draft[0][0], 0.1)
        self.assertGreater(answer[-1][0] - answer[0][0], 0.2)

    def test_its_end(self) -> None:
        chunks = list(self.ask("cascade", stream=True))
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual([chunk.choices[0].finish_reason for chunk in chunks], [None] * (len(chunks) - 1) + ["stop"])
        self.assertEqual({(chunk.id, chunk.object, chunk.model) for chunk in chunks},
                         {(chunks[0].id, "chat.completion.chunk", "cascade")})
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks), "it is 42")

    def test_usage_only_where_it_is_asked_for(self) -> None:
        asked = list(self.ask("cascade", stream=True, stream_options={"include_usage": True}))
        self.assertEqual((asked[-1].choices, numbers(asked[-1].usage)), ([], CASCADE_USAGE))
        self.assertEqual({chunk.usage for chunk in asked[:-1]}, {None})
        for more in ({"stream_options": {"include_usage": False}}, {}):
            chunks = list(self.ask("cascade", stream=True, **more))
            self.assertEqual({chunk.usage for chunk in chunks}, {None})
            self.assertTrue(all(chunk.choices for chunk in chunks))

    def test_asynchronously(self) -> None:
        async def read() -> str:
            async with openai.AsyncOpenAI(base_url=self.served.url + "/v1", api_key="none", max_retries=0) as one:
                stream = await one.chat.completions.create(model="live", messages=ASK, stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

        self.assertEqual(asyncio.run(read()), "".join(f"word{i} " for i in range(10)))

    def test_the_clients_own_way_of_streaming(self) -> None:
        with self.openai.chat.completions.stream(model="live", messages=ASK) as stream:
            words = [event.delta for event in stream if event.type == "content.delta"]
            self.assertEqual("".join(words), "".join(f"word{i} " for i in range(10)))
            self.assertEqual(stream.get_final_completion().choices[0].message.content, "".join(words))

    def test_a_failure_after_the_first_byte(self) -> None:
        text = ""
        with self.assertRaises(openai.APIError) as raised:
            for chunk in self.ask("breaking", stream=True):
                text += chunk.choices[0].delta.content or ""
        self.assertEqual(text, "word0 word1 word2 ")
        self.assertNotIsInstance(raised.exception, openai.APIConnectionError)
        self.assertEqual(raised.exception.body["type"], "server_error")


class Failures(WithServer):
    def test_what_the_request_gets_wrong(self) -> None:
        with self.assertRaises(openai.NotFoundError) as raised:
            self.ask("gpt-9")
        self.assertEqual((raised.exception.code, raised.exception.param), ("model_not_found", "model"))
        for more, param in (({"n": 2}, "n"), ({"temperature": 3}, "temperature"), ({"messages": []}, "messages"),
                            ({"stop": [""]}, "stop"), ({"max_tokens": 0}, "max_tokens"),
                            ({"metadata": {"count": "many"}}, "metadata")):
            with self.subTest(more), self.assertRaises(openai.BadRequestError) as raised:
                self.ask("conversation", **more)
            self.assertEqual((raised.exception.type, raised.exception.param), ("invalid_request_error", param))

    def test_a_run_that_fails(self) -> None:
        for stream in (False, True):
            with self.subTest(stream=stream), self.assertRaises(openai.InternalServerError) as raised:
                self.ask("failing", stream=stream)
            self.assertEqual((raised.exception.status_code, raised.exception.code), (502, "run_failed"))

    def test_a_client_that_waits_no_longer(self) -> None:
        with self.assertRaises(openai.APITimeoutError):
            self.openai.with_options(timeout=0.5).chat.completions.create(model="slow", messages=ASK)
        eventually("its run is cancelled", lambda: self.runs("cancelled"))

    def test_a_stream_that_is_closed_early(self) -> None:
        before = len(self.runs("cancelled"))
        stream = self.ask("slow", stream=True, messages=[{"role": "user", "content": "closed early"}])
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        self.assertEqual(len(self.runs("running")), 1)
        stream.close()
        eventually("its run is cancelled", lambda: len(self.runs("cancelled")) == before + 1)
        eventually("upstream is left", lambda: "closed early" in self.upstream.state()["left"])
        self.assertEqual(self.runs("running"), [])


class Keys(WithServer):
    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (folder / "keys").write_text("a-key-for-everything-0123456789 name=all\n"
                                     "a-key-for-one-run-0123456789ab name=one runs=1\n"
                                     "a-key-for-two-a-minute-0123456 name=two requests_per_minute=2\n"
                                     "a-key-for-few-tokens-012345678 name=few tokens_per_day=200\n")
        cls.options = ("--api-keys", str(folder / "keys"))
        super().setUpClass()

    def test_without_one_of_them(self) -> None:
        for key in ("none", "a-key-for-everything-012345678", "A-KEY-FOR-EVERYTHING-0123456789"):
            with self.subTest(key), self.assertRaises(openai.AuthenticationError) as raised:
                client(self.served, key).chat.completions.create(model="cascade", messages=ASK)
            self.assertEqual(raised.exception.type, "authentication_error")
            self.assertNotIn(key, str(raised.exception))
        self.assertTrue(client(self.served, "a-key-for-everything-0123456789").models.list().data)

    def refused(self, one: openai.OpenAI) -> int:
        """Seconds after which it may come back."""
        with self.assertRaises(openai.RateLimitError) as raised:
            one.chat.completions.create(model="cascade", messages=ASK)
        self.assertEqual(raised.exception.code, "rate_limit_exceeded")
        return int(raised.exception.response.headers["retry-after"])

    def test_runs_at_once(self) -> None:
        one = client(self.served, "a-key-for-one-run-0123456789ab")
        with one.chat.completions.create(model="slow", messages=ASK, stream=True) as stream:
            next(iter(stream))
            self.assertGreaterEqual(self.refused(one), 1)
        eventually("its run has ended", lambda: not self.runs("running", "a-key-for-everything-0123456789"))
        self.assertTrue(one.chat.completions.create(model="cascade", messages=ASK).choices)

    def test_requests_a_minute(self) -> None:
        two = client(self.served, "a-key-for-two-a-minute-0123456")
        for _ in range(2):
            two.chat.completions.create(model="cascade", messages=ASK)
        self.assertIn(self.refused(two), range(1, 31))  # one more every 30 s

    def test_tokens_a_day(self) -> None:
        few, used, status = client(self.served, "a-key-for-few-tokens-012345678"), 0, "accepted"
        for _ in range(200 // CASCADE_USAGE[2] + 1):
            answer = few.chat.completions.create(model="cascade", messages=ASK)
            used, status = used + answer.usage.total_tokens, answer.model_extra["enough"]["status"]
            if status != "accepted":
                break
        self.assertEqual(status, "over_budget")  # rather than use more than is left
        self.assertIn(used, range(CASCADE_USAGE[2], 201))


class Reloading(unittest.TestCase):
    def test_sighup_takes_good_files_and_keeps_what_was_there_before_bad_ones(self) -> None:
        with tempfile.TemporaryDirectory() as folder, Upstream() as upstream:
            file = Path(folder) / "flow.yaml"
            text = (HERE / "workflows" / "cascade.yaml").read_text()
            file.write_text(text)
            with Served(PROGRAM, [file], upstream.url) as served:
                def names() -> list[str]:
                    return [model.id for model in client(served).models.list()]

                self.assertEqual(names(), ["cascade"])
                file.write_text(text.replace("name: cascade", "name: renamed"))
                served.process.send_signal(signal.SIGHUP)
                eventually("the new file is served", lambda: names() == ["renamed"])
                file.write_text(text + "\nstps: 1\n")
                served.process.send_signal(signal.SIGHUP)
                eventually("the fault is told", lambda: any(b"still serving" in line for line in served.said))
                self.assertEqual(names(), ["renamed"])


class Leaving(unittest.TestCase):
    def test_sigterm_lets_a_stream_end(self) -> None:
        with Upstream() as upstream, Served(PROGRAM, WORKFLOWS, upstream.url) as served:
            stream = client(served).chat.completions.create(model="live", messages=ASK, stream=True)
            next(iter(stream))
            served.process.send_signal(signal.SIGTERM)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
            self.assertEqual(text, "".join(f"word{i} " for i in range(10)))
            self.assertEqual(served.process.wait(20), 0)
            with self.assertRaises(openai.APIConnectionError):
                client(served).models.list()

    def test_a_drain_of_no_time_cancels_what_is_left(self) -> None:
        with Upstream() as upstream, Served(PROGRAM, WORKFLOWS, upstream.url, "--drain", "0") as served:
            stream = client(served).chat.completions.create(model="slow", messages=ASK, stream=True)
            next(iter(stream))
            served.process.send_signal(signal.SIGTERM)
            limit = time.monotonic() + 20
            with self.assertRaises(openai.APIError):
                for _ in stream:
                    self.assertLess(time.monotonic(), limit, "the stream goes on")
            self.assertEqual(served.process.wait(20), 0)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
