#include <enough/workflows/answer_schema.hpp>

#include <stdexcept>

namespace enough {

struct AnswerSchema::Compiled {
    std::string text;
};

AnswerSchema::AnswerSchema(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

AnswerSchema AnswerSchema::compile(std::string_view schema) {
    return AnswerSchema(std::make_shared<const Compiled>(Compiled{std::string(schema)}));
}

std::optional<std::string> AnswerSchema::fault(std::string_view) const {
    return std::nullopt;
}

const std::string& AnswerSchema::text() const {
    return compiled_->text;
}

}  // namespace enough
