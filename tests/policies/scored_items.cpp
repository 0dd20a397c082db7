#include "scored_items.hpp"

#include "support/golden.hpp"

#include <algorithm>
#include <utility>

namespace enough::test {

std::vector<LabelledScore> labelled_scores(const nlohmann::json& input) {
    std::vector<LabelledScore> items;
    if (input.contains("scores")) {
        for (const auto& score : input.at("scores"))
            items.push_back({number(score), input.at("correct").at(items.size())});
        return items;
    }
    for (const double score : numbers(input.at("correct")))
        items.push_back({score, true});
    for (const double score : numbers(input.at("incorrect")))
        items.push_back({score, false});
    return items;
}

rc::Gen<std::vector<LabelledScore>> tied_scores(std::size_t least, std::size_t most) {
    return rc::gen::exec([=] {
        const auto count = *rc::gen::inRange(least, most + 1);
        const auto values = *rc::gen::inRange(1, 12);
        std::vector<LabelledScore> items;
        for (std::size_t i = 0; i < count; ++i)
            items.push_back({*rc::gen::inRange(-2, values) / 10.0, *rc::gen::arbitrary<bool>()});
        return items;
    });
}

rc::Gen<std::vector<LabelledScore>> untied_scores(std::size_t least, std::size_t most) {
    return rc::gen::exec([=] {
        const auto count = *rc::gen::inRange(least, most + 1);
        std::vector<LabelledScore> items;
        for (std::size_t i = 0; i < count; ++i) {
            const LabelledScore item{static_cast<double>(i) / 10, *rc::gen::arbitrary<bool>()};
            const auto place = *rc::gen::inRange<std::size_t>(0, items.size() + 1);
            items.insert(items.begin() + static_cast<std::ptrdiff_t>(place), item);
        }
        return items;
    });
}

}  // namespace enough::test
