#include "nats/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace enough::nats {
namespace {

constexpr std::size_t most_words = 200;

ErrorKind kind_of(jsErrCode code) {
    // The server's codes that a caller can act upon; any other is a refusal whose words say more.
    switch (static_cast<int>(code)) {
        case JSStreamWrongLastSequenceErr:
            return ErrorKind::wrong_revision;
        case JSStreamNameExistErr:
        case JSStreamSubjectOverlapErr:
        case JSConsumerNameExistErr:
        case JSConsumerExistingActiveErr:
        case JSConsumerReplacementWithDifferentNameErr:
            return ErrorKind::exists;
        case JSStreamNotFoundErr:
        case JSConsumerNotFoundErr:
        case JSNoMessageFoundErr:
            return ErrorKind::not_found;
        case JSNotEnabledErr:
        case JSNotEnabledForAccountErr:
            return ErrorKind::no_jet_stream;
        case JSStreamMessageExceedsMaximumErr:
            return ErrorKind::too_large;
        case JSAccountResourcesExceededErr:
        case JSInsufficientResourcesErr:
        case JSMemoryResourcesExceededErr:
        case JSStorageResourcesExceededErr:
        case JSStreamMaxStreamBytesExceededErr:
        case JSStreamStoreFailedErr:
            return ErrorKind::no_space;  // "maximum messages exceeded" and the like
        default:
            return ErrorKind::refused;
    }
}

ErrorKind kind_of(natsStatus status) {
    switch (static_cast<int>(status)) {
        case NATS_CONNECTION_CLOSED:
        case NATS_NO_SERVER:
        case NATS_IO_ERROR:
        case NATS_STALE_CONNECTION:
        case NATS_DRAINING:
            return ErrorKind::connection;
        case NATS_CONNECTION_DISCONNECTED:
        case NATS_TIMEOUT:
            return ErrorKind::timeout;
        case NATS_CONNECTION_AUTH_FAILED:
        case NATS_NOT_PERMITTED:
            return ErrorKind::unauthorized;
        case NATS_SSL_ERROR:
        case NATS_SECURE_CONNECTION_WANTED:
        case NATS_SECURE_CONNECTION_REQUIRED:
            return ErrorKind::tls;
        case NATS_NOT_FOUND:
            return ErrorKind::not_found;
        case NATS_NO_RESPONDERS:
            return ErrorKind::no_responder;
        case NATS_MAX_PAYLOAD:
            return ErrorKind::too_large;
        case NATS_ADDRESS_MISSING:
        case NATS_INVALID_SUBJECT:
        case NATS_INVALID_ARG:
        case NATS_INVALID_TIMEOUT:
        case NATS_INVALID_QUEUE_NAME:
            return ErrorKind::invalid;
        default:
            return ErrorKind::refused;
    }
}

std::string reason(natsStatus status, jsErrCode code) {
    switch (static_cast<int>(status)) {
        case NATS_TIMEOUT:
            return "the NATS server did not answer in time";
        case NATS_CONNECTION_DISCONNECTED:
            return "the connection was lost before the NATS server answered";
        case NATS_CONNECTION_CLOSED:
            return "the connection is closed";
        case NATS_NO_RESPONDERS:
            return "nobody listens there";
        default:
            break;
    }
    std::string words = last_words();
    if (words.empty()) words = natsStatus_GetText(status);
    if (code != 0) return fmt::format("the NATS server says: {} ({})", words, static_cast<int>(code));
    return words;
}

}  // namespace

std::string last_words() {
    natsStatus ignored = NATS_OK;
    const char* words = nats_GetLastError(&ignored);
    if (words == nullptr) return {};
    std::string text(words);
    text.resize(std::min(text.size(), most_words));
    std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

Error error_of(natsStatus status, jsErrCode code, std::string_view doing) {
    ErrorKind kind = kind_of(status);
    if (code != 0) kind = kind_of(code);
    return Error{kind, fmt::format("{} failed: {}", doing, reason(status, code))};
}

}  // namespace enough::nats
