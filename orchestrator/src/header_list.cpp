#include "header_list.hpp"

#include <algorithm>

namespace enough {

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::vector<std::string_view> list_members(std::string_view list) {
    std::vector<std::string_view> members;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        const std::string_view member = trimmed(list.substr(0, end));
        if (!member.empty()) members.push_back(member);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return members;
}

}  // namespace enough
