#pragma once

#include <string>

namespace enough::nats {

/// Where a bucket is kept.
inline std::string stream_of(const std::string& bucket) {
    return "KV_" + bucket;
}
inline std::string subject_of(const std::string& bucket, const std::string& key) {
    return "$KV." + bucket + "." + key;
}

}  // namespace enough::nats
