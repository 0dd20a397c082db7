#pragma once

#include "support/fake_server.hpp"

#include <string>
#include <vector>

namespace enough::test {

enum class Validity { current, expired };

/// A fresh self-signed certificate for these DNS names and addresses, written as PEM files into the test's temporary
/// folder. Its certificate file serves as the `ca_file` that trusts it.
FakeIdentity make_identity(const std::vector<std::string>& hosts, Validity validity = Validity::current);

}  // namespace enough::test
