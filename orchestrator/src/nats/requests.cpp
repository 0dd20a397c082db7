#include "nats/requests.hpp"

#include "nats/status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace enough::nats {
namespace {

using std::chrono::milliseconds;

Result<MessageHandle> make_message(const Link& link, const OutgoingMessage& message, const std::string& doing) {
    const Result<void> named = check_subject(message.subject, Wildcards::none, doing);
    if (!named) return named.error();
    const Result<void> fits = check_size(link, message.payload, doing);
    if (!fits) return fits.error();
    natsMsg* made = nullptr;
    const natsStatus status = natsMsg_Create(&made, message.subject.c_str(), nullptr, message.payload.data(),
                                             static_cast<int>(message.payload.size()));
    MessageHandle owner(made);
    if (status != NATS_OK) return error_of(status, {}, doing);
    if (!message.operation.empty() && natsMsgHeader_Set(made, "KV-Operation", message.operation.c_str()) != NATS_OK)
        return error_of(NATS_ERR, {}, doing);
    return owner;
}

}  // namespace

jsOptions options_within(milliseconds left) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = std::max(left, milliseconds(1)).count();
    return options;
}

Result<void> check_subject(const std::string& subject, Wildcards wildcards, const std::string& doing) {
    if (is_subject(subject, wildcards)) return {};
    const char* why = "it is no subject (tokens without spaces, * or >, with dots between)";
    if (wildcards == Wildcards::allowed) why = "it is no subject (tokens without spaces, with dots between)";
    return Error{ErrorKind::invalid, fmt::format("{} failed: {}", doing, why)};
}

Result<void> check_stream_name(const std::string& name, const std::string& doing) {
    if (is_stream_name(name)) return {};
    return Error{ErrorKind::invalid,
                 doing + " failed: a name has at most 200 characters, no space, dot, slash, * or >"};
}

Result<void> check_size(const Link& link, const std::string& payload, const std::string& doing) {
    const std::size_t most = link.max_payload();
    if (payload.size() <= most) return {};
    return Error{ErrorKind::too_large, fmt::format("{} failed: {} bytes are more than the NATS server's limit of {}",
                                                   doing, payload.size(), most)};
}

std::string payload_of(const natsMsg& message) {
    const int size = natsMsg_GetDataLength(&message);
    if (size <= 0) return {};
    return std::string(natsMsg_GetData(&message), static_cast<std::size_t>(size));
}

Result<Published> store(const Link& link, const OutgoingMessage& message, milliseconds left, const std::string& doing) {
    const Result<MessageHandle> made = make_message(link, message, doing);
    if (!made) return made.error();
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = left.count();
    if (!message.id.empty()) options.MsgId = message.id.c_str();
    if (message.after) {
        options.ExpectNoMessage = *message.after == 0;
        options.ExpectLastSubjectSeq = *message.after;
    }
    jsPubAck* raw = nullptr;
    jsErrCode code = {};
    const natsStatus status = js_PublishMsg(&raw, link.jet_stream(), made->get(), &options, &code);
    const PubAckHandle ack(raw);
    if (status == NATS_NO_RESPONDERS)
        return Error{ErrorKind::not_found, fmt::format("{} failed: no stream of the NATS server takes it", doing)};
    if (status != NATS_OK) return error_of(status, code, doing);
    return Published{ack->Sequence, ack->Duplicate};
}

Result<MessageHandle> last_of(const Link& link, const std::string& stream, const std::string& subject,
                              milliseconds left, const std::string& doing) {
    Result<void> named = check_stream_name(stream, doing);
    if (named) named = check_subject(subject, Wildcards::none, doing);
    if (!named) return named.error();
    // Not the direct read: only the stream's leader is sure to know what has just been written.
    jsOptions options = options_within(left);
    natsMsg* raw = nullptr;
    jsErrCode code = {};
    const natsStatus status = js_GetLastMsg(&raw, link.jet_stream(), stream.c_str(), subject.c_str(), &options, &code);
    MessageHandle message(raw);
    if (code == JSNoMessageFoundErr) return MessageHandle();
    if (status != NATS_OK) return error_of(status, code, doing);
    return message;
}

Result<void> add_stream(const Link& link, jsStreamConfig& config, milliseconds left, const std::string& doing) {
    Result<void> named = check_stream_name(config.Name, doing);
    for (int i = 0; i < config.SubjectsLen && named; ++i)
        named = check_subject(config.Subjects[i], Wildcards::allowed, doing);
    if (!named) return named;
    jsOptions options = options_within(left);
    jsStreamInfo* raw = nullptr;
    jsErrCode code = {};
    // The server takes a stream that is there with these very settings for success.
    const natsStatus status = js_AddStream(&raw, link.jet_stream(), &config, &options, &code);
    const StreamInfoHandle info(raw);
    if (status == NATS_OK) return {};
    if (code == JSStreamNameExistErr)
        return Error{ErrorKind::exists, fmt::format("{} failed: it is there with other settings", doing)};
    return error_of(status, code, doing);
}

Result<void> remove_stream(const Link& link, const std::string& stream, milliseconds left, const std::string& doing) {
    Result<void> named = check_stream_name(stream, doing);
    if (!named) return named.error();
    jsOptions options = options_within(left);
    jsErrCode code = {};
    const natsStatus status = js_DeleteStream(link.jet_stream(), stream.c_str(), &options, &code);
    if (status != NATS_OK) return error_of(status, code, doing);
    return {};
}

Result<StreamInfo> look_at_stream(const Link& link, const std::string& stream, milliseconds left,
                                  const std::string& doing) {
    Result<void> named = check_stream_name(stream, doing);
    if (!named) return named.error();
    jsOptions options = options_within(left);
    jsStreamInfo* raw = nullptr;
    jsErrCode code = {};
    const natsStatus status = js_GetStreamInfo(&raw, link.jet_stream(), stream.c_str(), &options, &code);
    const StreamInfoHandle info(raw);
    if (status != NATS_OK) return error_of(status, code, doing);
    const jsStreamState& state = info->State;
    return StreamInfo{state.Msgs, state.Bytes, state.FirstSeq, state.LastSeq, state.Consumers};
}

Result<void> purge_subject(const Link& link, const std::string& stream, const std::string& subject, milliseconds left,
                           const std::string& doing) {
    Result<void> named = check_stream_name(stream, doing);
    if (named) named = check_subject(subject, Wildcards::allowed, doing);
    if (!named) return named.error();
    jsOptions options = options_within(left);
    options.Stream.Purge.Subject = subject.c_str();
    jsErrCode code = {};
    const natsStatus status = js_PurgeStream(link.jet_stream(), stream.c_str(), &options, &code);
    if (status != NATS_OK) return error_of(status, code, doing);
    return {};
}

}  // namespace enough::nats
