#include "model_fallbacks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Fallbacks = std::map<std::string, std::vector<std::string>>;

std::map<std::string, Model> models(const Fallbacks& fallbacks) {
    std::map<std::string, Model> out;
    for (const auto& [name, others] : fallbacks)
        out[name].fallback = others;
    return out;
}

std::vector<std::string> faults(const Fallbacks& fallbacks) {
    std::vector<std::string> out;
    for (const auto& fault : fallback_faults(models(fallbacks)))
        out.push_back(fault.model + ": " + fault.message);
    return out;
}

TEST(ModelFallbacks, MayShareAModelAndGoOn) {
    EXPECT_THAT(faults({{"a", {"b", "c"}}, {"b", {"c"}}, {"c", {}}}), IsEmpty());
}

TEST(ModelFallbacks, MustBeModelsNamedOnce) {
    EXPECT_THAT(
        faults({{"large", {"smal", "small", "small"}}, {"small", {}}}),
        ElementsAre("large: there is no model 'smal'; did you mean 'small'?", "large: 'small' is listed twice"));
}

TEST(ModelFallbacks, MustNotLeadBack) {
    EXPECT_THAT(faults({{"a", {"a"}}}), ElementsAre("a: the fallbacks lead back to the model itself: a -> a"));
    EXPECT_THAT(faults({{"a", {"b"}}, {"b", {"c"}}, {"c", {"b"}}}),
                ElementsAre("b: the fallbacks lead back to the model itself: b -> c -> b",
                            "c: the fallbacks lead back to the model itself: c -> b -> c"));
}

TEST(DearestPrice, IsTheHighestOfEachComponent) {
    Workflow workflow;
    workflow.models = models({{"a", {"b"}}, {"b", {"c"}}, {"c", {}}, {"d", {}}});
    workflow.models["a"].price = Price{.input = 1, .cached_input = 0.1, .output = 9};
    workflow.models["c"].price = Price{.input = 2, .cached_input = {}, .output = 4};
    const auto dearest = dearest_price(workflow, "a").value();
    EXPECT_EQ(dearest.input, 2);
    EXPECT_EQ(dearest.cached_input, 2) << "cached input of 'c' costs what its input does";
    EXPECT_EQ(dearest.output, 9);
    EXPECT_FALSE(dearest_price(workflow, "d"));
}

}  // namespace
}  // namespace enough
