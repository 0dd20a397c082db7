// `enough serve` as programs with OpenAI's JavaScript client meet it: the client is the official one, unchanged.
// Usage: node node_sdk_test.mjs PROGRAM FOLDER     FOLDER is what setup.sh prints
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [program, folder] = process.argv.slice(2);
const { default: OpenAI } = await import(pathToFileURL(join(folder, 'node_modules/openai/index.mjs')));

const workflows = readdirSync(join(here, 'workflows')).filter((name) => name.endsWith('.yaml')).sort();
const ask = [{ role: 'user', content: 'What is 6 * 7?' }];
const tenWords = Array.from({ length: 10 }, (_, i) => `word${i} `).join('');
const bounded = { timeout: 30_000 };

/// The first group of the first line that fits. Reads on afterwards, so that nobody waits for room in the pipe.
async function lineOf(stream, pattern) {
  const said = [];
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => {
      said.push(line);
      const fits = pattern.exec(line);
      if (fits) resolve(fits[1]);
    });
    lines.on('close', () => reject(new Error(`it did not start: ${said.join('\n')}`)));
  });
}

async function startUpstream() {
  const child = spawn(join(folder, 'venv/bin/python'), [join(here, 'fake_upstream.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await lineOf(child.stdout, /^(http:.*)$/);
  return { url, stop: () => ended(child, () => child.stdin.end()) };
}

async function startServer(upstream, ...options) {
  const files = workflows.map((name) => join(here, 'workflows', name));
  const child = spawn(program, ['serve', ...files, '--listen', '127.0.0.1:0', ...options], {
    env: { ...process.env, UPSTREAM: upstream.url },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = await lineOf(child.stderr, /serving \d+ workflow\(s\) at (http:\/\/[^ ]+)/);
  return { url, child, stop: () => ended(child, () => child.kill('SIGTERM')) };
}

/// The exit code, after `end` has asked for it.
async function ended(child, end) {
  if (child.exitCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  end();
  const patience = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [code] = await exit;
  clearTimeout(patience);
  return code;
}

function clientOf(server, settings = {}) {
  return new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0, timeout: 30_000, ...settings });
}

async function eventually(what, holds) {
  for (const limit = Date.now() + 20_000; Date.now() < limit; ) {
    const found = await holds();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`not within 20 s: ${what}`);
}

async function rejected(promise, kind) {
  const error = await promise.then(() => assert.fail(`no ${kind.name}`), (reason) => reason);
  assert.ok(error instanceof kind, `${error?.constructor?.name} in place of ${kind.name}: ${error}`);
  return error;
}

describe('the official client', () => {
  let upstream, server, client;
  before(async () => {
    upstream = await startUpstream();
    server = await startServer(upstream);
    client = clientOf(server);
  });
  after(async () => {
    await server?.stop();
    await upstream?.stop();
  });
  const complete = (model, more = {}) => client.chat.completions.create({ model, messages: ask, ...more });
  const runs = async (status) => (await (await fetch(`${server.url}/v1/runs?status=${status}&limit=100`)).json()).data;

  test('lists the workflows as models', bounded, async () => {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.deepEqual(names, workflows.map((name) => name.replace('.yaml', '')));
    assert.equal((await client.models.retrieve('cascade')).owned_by, 'enough');
    assert.equal((await rejected(client.models.retrieve('gpt-9'), OpenAI.NotFoundError)).code, 'model_not_found');
  });

  test('gets an answer, and what it cost', bounded, async () => {
    const { data, response } = await complete('cascade').withResponse();
    assert.equal(data.choices[0].message.content, 'it is 42');
    assert.equal(data.choices[0].finish_reason, 'stop');
    const { prompt_tokens, completion_tokens, total_tokens } = data.usage;
    assert.deepEqual([prompt_tokens, completion_tokens, total_tokens], [10, 8, 18]); // of both calls
    assert.equal(data.enough.run_id, response.headers.get('x-enough-run-id'));
  });

  test('asks many at once', bounded, async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => complete('cascade')));
    assert.deepEqual(answers.map((answer) => answer.choices[0].message.content), Array(8).fill('it is 42'));
  });

  test('gives the conversation, metadata and settings', bounded, async () => {
    const messages = [
      { role: 'developer', content: 'Be kind.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi!' },
      { role: 'user', content: [{ type: 'text', text: 'And now?' }] },
    ];
    const told = await complete('conversation', { messages, metadata: { tone: 'warm', count: '3' }, of_no_effect: 1 });
    assert.equal(told.choices[0].message.content, 'warm|3|And now?|developer:Be kind.|assistant:Hi!');
    assert.deepEqual(told.enough.ignored, ['of_no_effect']);
    const cool = await complete('temperature', { temperature: 0.25 });
    assert.equal(cool.choices[0].message.content, '0.25');
  });

  test('reads the draft, then the answer, each word when it comes', bounded, async () => {
    let draft = '';
    const words = [];
    for await (const chunk of await complete('live', { stream: true })) {
      const delta = chunk.choices[0].delta;
      if (delta.reasoning_content) {
        assert.equal(words.length, 0, 'a draft after the answer has begun');
        draft += delta.reasoning_content;
      }
      if (delta.content) words.push([performance.now(), delta.content]);
    }
    assert.equal(draft.trim(), 'word0 word1 word2 word3 word4 word5');
    assert.equal(words.map(([, word]) => word).join(''), tenWords);
    assert.ok(words.length >= 5, `only ${words.length} pieces`);
    assert.ok(words.at(-1)[0] - words[0][0] > 200, 'the pieces came at once'); // 270 ms lie between them upstream
  });

  test('gets usage of a stream only where it asks for it', bounded, async () => {
    const usages = async (more) => {
      const seen = [];
      for await (const chunk of await complete('cascade', { stream: true, ...more })) seen.push(chunk);
      return seen.map((chunk) => [chunk.choices.length, chunk.usage?.total_tokens]);
    };
    const asked = await usages({ stream_options: { include_usage: true } });
    assert.deepEqual(asked.pop(), [0, 18]);
    for (const each of [asked, await usages({ stream_options: { include_usage: false } }), await usages({})])
      assert.ok(each.length > 1 && each.every(([choices, total]) => choices === 1 && total === undefined));
  });

  test("streams in the client's own way", bounded, async () => {
    const stream = client.chat.completions.stream({ model: 'live', messages: ask });
    let text = '';
    stream.on('content', (delta) => (text += delta));
    assert.equal((await stream.finalChatCompletion()).choices[0].message.content, tenWords);
    assert.equal(text, tenWords);
  });

  test("gets failures as the client's own errors", bounded, async () => {
    const unknown = await rejected(complete('gpt-9'), OpenAI.NotFoundError);
    assert.deepEqual([unknown.code, unknown.param], ['model_not_found', 'model']);
    for (const [more, param] of [[{ n: 2 }, 'n'], [{ temperature: 3 }, 'temperature'], [{ messages: [] }, 'messages']]) {
      const bad = await rejected(complete('cascade', more), OpenAI.BadRequestError);
      assert.deepEqual([bad.type, bad.param], ['invalid_request_error', param]);
    }
    for (const stream of [false, true]) {
      const failed = await rejected(complete('failing', { stream }), OpenAI.InternalServerError);
      assert.deepEqual([failed.status, failed.code], [502, 'run_failed']);
    }
  });

  test('gets a failure after the first byte', bounded, async () => {
    let text = '';
    const read = async () => {
      for await (const chunk of await complete('breaking', { stream: true })) text += chunk.choices[0].delta.content ?? '';
    };
    const error = await rejected(read(), OpenAI.APIError);
    assert.equal(text, 'word0 word1 word2 ');
    assert.equal(error.type, 'server_error');
  });

  test('cancels the run when it leaves', bounded, async () => {
    const stream = await complete('slow', { stream: true });
    for await (const chunk of stream) if (chunk.choices[0].delta.content) break; // leaving the loop closes the stream
    await eventually('the left stream is cancelled', async () => (await runs('cancelled')).length === 1);
    const impatient = clientOf(server, { timeout: 500 }).chat.completions.create({ model: 'slow', messages: ask });
    await rejected(impatient, OpenAI.APIConnectionTimeoutError);
    const abort = new AbortController();
    const aborted = client.chat.completions.create({ model: 'slow', messages: ask }, { signal: abort.signal });
    await eventually('it runs', async () => (await runs('running')).length === 1);
    abort.abort();
    await rejected(aborted, OpenAI.APIUserAbortError);
    await eventually('all are cancelled', async () => (await runs('cancelled')).length === 3);
    assert.equal((await runs('running')).length, 0);
  });
});

describe('keys', () => {
  let upstream, server, keys;
  before(async () => {
    keys = mkdtempSync(join(tmpdir(), 'enough-keys-'));
    writeFileSync(join(keys, 'keys'), 'a-key-for-two-a-minute-0123456 requests_per_minute=2\n');
    upstream = await startUpstream();
    server = await startServer(upstream, '--api-keys', join(keys, 'keys'));
  });
  after(async () => {
    await server?.stop();
    await upstream?.stop();
    rmSync(keys, { recursive: true });
  });

  test('are needed, and have limits', bounded, async () => {
    await rejected(clientOf(server).models.list(), OpenAI.AuthenticationError);
    const client = clientOf(server, { apiKey: 'a-key-for-two-a-minute-0123456' });
    const question = { model: 'cascade', messages: ask };
    await client.chat.completions.create(question);
    await client.chat.completions.create(question);
    const refused = await rejected(client.chat.completions.create(question), OpenAI.RateLimitError);
    assert.ok((await client.models.list()).data.length > 0); // looking costs nothing
    const seconds = Number(refused.headers.get('retry-after'));
    assert.ok(seconds >= 1 && seconds <= 30, `retry-after: ${seconds}`); // one more every 30 s
  });
});

test('SIGTERM lets a stream end', bounded, async () => {
  const upstream = await startUpstream();
  const server = await startServer(upstream);
  try {
    let text = '';
    let exit;
    const stream = await clientOf(server).chat.completions.create({ model: 'live', messages: ask, stream: true });
    for await (const chunk of stream) {
      exit ??= server.stop();
      text += chunk.choices[0].delta.content ?? '';
    }
    assert.equal(text, tenWords);
    assert.equal(await exit, 0);
  } finally {
    await server.stop();
    await upstream.stop();
  }
});
