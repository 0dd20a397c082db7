#!/usr/bin/env bash
# Memory while a server sends without end: `bench/endless_stream.sh BUILD [MIB]`, e.g. `… build/release 200`.
set -euo pipefail
build=${1:?the folder of a build with tests}
ENOUGH_ENDLESS_MIB=${2:-200} "$build/tests/agents/agents_test" --gtest_brief=1 \
  --gtest_filter=HostileServer.MemoryStaysFlatHoweverMuchPasses
