#pragma once

#include <string>
#include <string_view>
#include <vector>

// Answers as servers send them, written by hand after what their documentation shows (named at each).
namespace enough::test {

/// Events with their types beside the data, as Anthropic and OpenAI's Responses send them.
inline std::string named_events(const std::vector<std::string>& events) {
    std::string out;
    for (const auto& data : events) {
        constexpr std::string_view key = R"("type":")";
        if (const auto at = data.find(key); at != std::string::npos) {
            const auto begin = at + key.size();
            out += "event: " + data.substr(begin, data.find('"', begin) - begin) + "\n";
        }
        out += "data: " + data + "\n\n";
    }
    return out;
}

/// https://platform.claude.com/docs/en/build-with-claude/streaming, with thinking and a signature.
inline std::vector<std::string> anthropic_events() {
    return {
        R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-x","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":4,"cache_read_input_tokens":16,"output_tokens":1}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
        R"({"type":"ping"})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Half of "}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"sixteen."}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCg=="}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"It is "}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"8 ½."}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15,"output_tokens_details":{"thinking_tokens":9}}})",
        R"({"type":"message_stop"})",
    };
}

/// Text, then a call whose arguments come in pieces.
inline std::vector<std::string> anthropic_tool_events() {
    return {
        R"({"type":"message_start","message":{"id":"msg_2","type":"message","role":"assistant","content":[],"model":"claude-x","stop_reason":null,"usage":{"input_tokens":472,"output_tokens":2}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Let me look."}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_01","name":"get_weather","input":{}}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"location\": \"San"}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":" Francisco\"}"}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_02","name":"get_time","input":{}}})",
        R"({"type":"content_block_stop","index":2})",
        R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}})",
        R"({"type":"message_stop"})",
    };
}

inline std::string anthropic_document() {
    return R"({"id":"msg_3","type":"message","role":"assistant","model":"claude-x","content":[
        {"type":"thinking","thinking":"Half of sixteen.","signature":"EqQBCg=="},
        {"type":"redacted_thinking","data":"EmwKAhgB"},
        {"type":"text","text":"It is 8 ½."},
        {"type":"tool_use","id":"toolu_01","name":"get_weather","input":{"location":"Paris"}}],
        "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":25,"output_tokens":15}})";
}

/// https://ai.google.dev/api/generate-content: each event is a whole response; the last has the reason.
inline std::vector<std::string> gemini_events() {
    return {
        R"({"candidates":[{"content":{"parts":[{"text":"Half of sixteen.","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12,"cachedContentTokenCount":8,"totalTokenCount":21,"thoughtsTokenCount":9},"modelVersion":"gemini-x","responseId":"r1"})",
        R"({"candidates":[{"content":{"parts":[{"text":"It is "}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12,"cachedContentTokenCount":8,"candidatesTokenCount":2,"totalTokenCount":23,"thoughtsTokenCount":9},"modelVersion":"gemini-x"})",
        R"({"candidates":[{"content":{"parts":[{"text":"8 ½.","thoughtSignature":"EjQKMg=="}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":12,"cachedContentTokenCount":8,"candidatesTokenCount":6,"totalTokenCount":27,"thoughtsTokenCount":9},"modelVersion":"gemini-x"})",
    };
}

inline std::vector<std::string> gemini_tool_events() {
    return {
        R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"get_weather","args":{"location":"Paris"}},"thoughtSignature":"EjQKMg=="},{"functionCall":{"name":"get_time","args":{},"id":"own-2"}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":40,"candidatesTokenCount":11},"modelVersion":"gemini-x"})",
    };
}

/// `responseLogprobs` with two candidates a token.
inline std::string gemini_document_with_logprobs() {
    return R"({"candidates":[{"content":{"parts":[{"text":"It is"}],"role":"model"},"finishReason":"STOP","avgLogprobs":-0.4,
        "logprobsResult":{"topCandidates":[
            {"candidates":[{"token":"It","tokenId":1,"logProbability":-0.25},{"token":"He","tokenId":2,"logProbability":-1.5}]},
            {"candidates":[{"token":" is","tokenId":3,"logProbability":-0.125}]}],
          "chosenCandidates":[{"token":"It","tokenId":1,"logProbability":-0.25},{"token":" is","tokenId":3,"logProbability":-0.125}]}}],
        "usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2},"modelVersion":"gemini-x"})";
}

/// Shape F, https://docs.ollama.com/api/chat: an entry a line.
inline std::vector<std::string> ollama_lines() {
    return {
        R"({"model":"qwen","created_at":"2025-11-12T10:00:00Z","message":{"role":"assistant","content":"","thinking":"Half."},"logprobs":[{"token":"Half.","logprob":-0.5,"bytes":[72,97,108,102,46],"top_logprobs":[{"token":"Half.","logprob":-0.5,"bytes":[72,97,108,102,46]},{"token":"Two","logprob":-1.5,"bytes":[84,119,111]}]}],"done":false})",
        R"({"model":"qwen","created_at":"2025-11-12T10:00:01Z","message":{"role":"assistant","content":"It is"},"logprobs":[{"token":"It","logprob":-0.25,"bytes":[73,116],"top_logprobs":[{"token":"It","logprob":-0.25,"bytes":[73,116]}]},{"token":" is","logprob":-0.125,"bytes":[32,105,115],"top_logprobs":[]}],"done":false})",
        R"({"model":"qwen","created_at":"2025-11-12T10:00:02Z","message":{"role":"assistant","content":" 8 ½."},"logprobs":[{"token":" 8 ½.","logprob":-0.0625,"bytes":[32,56,32,194,189,46]}],"done":false})",
        R"({"model":"qwen","created_at":"2025-11-12T10:00:03Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":9,"load_duration":1,"prompt_eval_count":26,"prompt_eval_cached_count":20,"prompt_eval_duration":3,"eval_count":5,"eval_duration":5})",
    };
}

inline std::vector<std::string> ollama_tool_lines() {
    return {
        R"({"model":"qwen","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get_weather","arguments":{"location":"Paris"}}},{"id":"call_x","function":{"index":1,"name":"get_time","arguments":{}}}]},"done":false})",
        R"({"model":"qwen","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":169,"eval_count":15})",
    };
}

inline std::string lines(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& line : all)
        out += line + "\n";
    return out;
}

/// One entry of shape E (tools/server/README.md of llama.cpp): the token, and one that is a nat less likely.
inline std::string llama_cpp_entry(int id, const std::string& token) {
    std::string bytes;
    for (const char c : token)
        bytes += (bytes.empty() ? "" : ",") + std::to_string(static_cast<unsigned char>(c));
    return R"({"id":)" + std::to_string(id) + R"(,"token":")" + token + R"(","bytes":[)" + bytes +
           R"(],"logprob":-0.25,"top_logprobs":[{"id":)" + std::to_string(id) + R"(,"token":")" + token +
           R"(","bytes":[)" + bytes + R"(],"logprob":-0.25},{"id":7,"token":"x","bytes":[120],"logprob":-1.25}]})";
}

inline std::string llama_cpp_piece(int id, const std::string& token) {
    return R"({"index":0,"content":")" + token + R"(","tokens":[)" + std::to_string(id) +
           R"(],"stop":false,"id_slot":-1,"tokens_predicted":1,"tokens_evaluated":14,"completion_probabilities":[)" +
           llama_cpp_entry(id, token) + "]}";
}

inline std::string llama_cpp_end(const std::string& stop_type = "eos") {
    return R"({"index":0,"content":"","tokens":[],"id_slot":0,"stop":true,"model":"smol","tokens_predicted":6,"tokens_evaluated":14,"prompt":"<|im_start|>","has_new_line":false,"truncated":false,"stop_type":")" +
           stop_type +
           R"(","stopping_word":"","tokens_cached":19,"timings":{"cache_n":10,"prompt_n":4,"predicted_n":6}})";
}

inline std::vector<std::string> llama_cpp_events() {
    return {llama_cpp_piece(1, "<think>"), llama_cpp_piece(2, "Half."), llama_cpp_piece(3, "</think>"),
            llama_cpp_piece(4, "It is"),   llama_cpp_piece(5, " 8 ½."), llama_cpp_end()};
}

/// Shape G, https://platform.openai.com/docs/api-reference/responses-streaming, with a summary of reasoning.
inline std::vector<std::string> responses_events() {
    return {
        R"({"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","error":null,"incomplete_details":null,"model":"gpt-x","output":[],"usage":null}})",
        R"({"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1","object":"response","status":"in_progress","error":null,"model":"gpt-x","output":[]}})",
        R"({"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}})",
        R"({"type":"response.reasoning_summary_part.added","sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}})",
        R"({"type":"response.reasoning_summary_text.delta","sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"Half of sixteen."})",
        R"({"type":"response.reasoning_summary_text.done","sequence_number":5,"item_id":"rs_1","output_index":0,"summary_index":0,"text":"Half of sixteen."})",
        R"({"type":"response.output_item.added","sequence_number":6,"output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}})",
        R"({"type":"response.content_part.added","sequence_number":7,"item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}})",
        R"({"type":"response.output_text.delta","sequence_number":8,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"It is","logprobs":[{"token":"It","logprob":-0.25,"top_logprobs":[{"token":"It","logprob":-0.25},{"token":"He","logprob":-1.5}]},{"token":" is","logprob":-0.125,"top_logprobs":[{"token":" is","logprob":-0.125}]}]})",
        R"({"type":"response.output_text.delta","sequence_number":9,"item_id":"msg_1","output_index":1,"content_index":0,"delta":" 8 ½.","logprobs":[{"token":" 8 ½.","logprob":-0.5,"top_logprobs":[]}]})",
        R"({"type":"response.output_text.done","sequence_number":10,"item_id":"msg_1","output_index":1,"content_index":0,"text":"It is 8 ½.","logprobs":[{"token":"It","logprob":-0.25,"top_logprobs":[]},{"token":" is","logprob":-0.125,"top_logprobs":[]},{"token":" 8 ½.","logprob":-0.5,"top_logprobs":[]}]})",
        R"({"type":"response.output_item.done","sequence_number":11,"output_index":1,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"It is 8 ½.","annotations":[]}]}})",
        R"({"type":"response.completed","sequence_number":12,"response":{"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"gpt-x","output":[{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"It is 8 ½."}]}],"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":32},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":123}}})",
    };
}

inline std::vector<std::string> responses_tool_events() {
    return {
        R"({"type":"response.created","response":{"id":"resp_2","status":"in_progress","error":null,"model":"gpt-x","output":[]}})",
        R"({"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"get_weather","arguments":""}})",
        R"({"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":"{\"location\":"})",
        R"({"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":"\"Paris\"}"})",
        R"({"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":0,"arguments":"{\"location\":\"Paris\"}"})",
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"get_weather","arguments":"{\"location\":\"Paris\"}","status":"completed"}})",
        R"({"type":"response.completed","response":{"id":"resp_2","status":"completed","error":null,"model":"gpt-x","output":[],"usage":{"input_tokens":60,"output_tokens":18}}})",
    };
}

inline std::string responses_document() {
    return R"({"id":"resp_3","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"gpt-x",
        "output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Half."},{"type":"summary_text","text":"Sure."}]},
        {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"It is","annotations":[],
        "logprobs":[{"token":"It","bytes":[73,116],"logprob":-0.25,"top_logprobs":[{"token":"It","bytes":[73,116],"logprob":-0.25},{"token":"�","bytes":[194],"logprob":-3.5}]},
        {"token":" is","bytes":[32,105,115],"logprob":-0.125,"top_logprobs":[]}]}]}],
        "usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":0},"output_tokens":8,"output_tokens_details":{"reasoning_tokens":5}}})";
}

}  // namespace enough::test
