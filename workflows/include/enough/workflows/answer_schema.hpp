#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// A compiled JSON Schema (draft-07) that answers must fit. Immutable, cheap to copy, safe to share between threads.
class AnswerSchema {
public:
    /// Throws `std::invalid_argument` for text that is no JSON or no schema, in words that name the place.
    static AnswerSchema compile(std::string_view schema);

    /// Why the JSON text does not fit, in one sentence fit to be shown to the model; absent if it fits.
    std::optional<std::string> fault(std::string_view json) const;

    const std::string& text() const;  ///< the schema, as compact JSON

private:
    struct Compiled;
    explicit AnswerSchema(std::shared_ptr<const Compiled> compiled);
    std::shared_ptr<const Compiled> compiled_;
};

}  // namespace enough
