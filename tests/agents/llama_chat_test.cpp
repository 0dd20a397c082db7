#include "providers/llama_chat.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough::llama {
namespace {

const std::vector<Message> hello{{Role::user, "Hello"}};
const std::string chatml =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + "
    "'\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const std::string chatml_with_default =
    "{% if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}"
    "{% else %}{{- '<|im_start|>system\\nYou are Model.<|im_end|>\\n' }}{% endif %}";

TEST(LlamaChat, ChatMl) {
    const std::vector<Message> messages{{Role::system, "Be brief."}, {Role::user, "Hello"}, {Role::assistant, "Hi"}};
    EXPECT_EQ(render_chat(chatml, messages),
              "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n"
              "<|im_start|>assistant\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(LlamaChat, ATemplateNobodyKnowsIsTakenForChatMl) {
    const std::string expected = "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n";
    EXPECT_EQ(render_chat("{{ something else }}", hello), expected);
    EXPECT_EQ(render_chat("", hello), expected);
}

TEST(LlamaChat, TheTemplatesOwnSystemMessageIsKept) {
    EXPECT_EQ(default_system_message(chatml), std::nullopt);
    EXPECT_EQ(default_system_message(chatml_with_default), "You are Model.");
    EXPECT_EQ(
        render_chat(chatml_with_default, hello),
        "<|im_start|>system\nYou are Model.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n");
}

TEST(LlamaChat, ASystemMessageReplacesTheTemplatesOwn) {
    const auto text = render_chat(chatml_with_default, {{Role::system, "Mine."}, {Role::user, "Hello"}});
    EXPECT_EQ(text.find("You are Model."), std::string::npos);
    EXPECT_NE(text.find("Mine."), std::string::npos);
}

TEST(LlamaChat, LongConversationsAndZeroBytesComeThroughWhole) {
    std::string content = "before";
    content += '\0';
    content.append(5000, 'x').append("after");
    const auto text = render_chat(chatml, {{Role::user, content}});
    EXPECT_NE(text.find("before\xEF\xBF\xBDxxx"), std::string::npos);
    EXPECT_NE(text.find("xxxafter<|im_end|>"), std::string::npos);
    EXPECT_EQ(text.find('\0'), std::string::npos);
}

}  // namespace
}  // namespace enough::llama
