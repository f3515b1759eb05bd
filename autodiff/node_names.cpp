#include "autodiff/node_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace gradus {
namespace {

void require_one_line(const char* operation, std::string_view text) {
  const bool control = std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (text.empty() || control)
    throw std::invalid_argument(fmt::format("{}: {}, expected one line of text", operation,
                                            text.empty() ? "an empty name" : "a name with a control character"));
}

}  // namespace

NodeNames::Text NodeNames::append(std::string_view text) {
  text_ += text;
  return {static_cast<std::uint32_t>(text_.size() - text.size()), static_cast<std::uint32_t>(text.size())};
}

void NodeNames::set(std::uint32_t node, std::string_view name) {
  require_one_line("name", name);
  const auto place = std::ranges::lower_bound(names_, node, {}, &Name::node);
  const Name entry{node, append(name)};
  if (place != names_.end() && place->node == node)
    *place = entry;
  else
    names_.insert(place, entry);
}

NodeNames::Text NodeNames::open_scope(std::uint32_t first, std::string_view name) {
  require_one_line("scope", name);
  const Text outer = prefixes_.empty() ? Text{} : prefixes_.back().text;
  close_scope(first, append(fmt::format("{}{}.", at(outer), name)));
  return outer;
}

void NodeNames::close_scope(std::uint32_t first, Text outer) {
  if (!prefixes_.empty() && prefixes_.back().first == first)
    prefixes_.back().text = outer;
  else
    prefixes_.push_back({first, outer});
}

std::string NodeNames::chosen(std::uint32_t node) const {
  const auto place = std::ranges::lower_bound(names_, node, {}, &Name::node);
  return place != names_.end() && place->node == node ? at(place->text) : "";
}

std::string NodeNames::prefix(std::uint32_t node) const {
  const auto after = std::ranges::upper_bound(prefixes_, node, {}, &Prefix::first);
  return after == prefixes_.begin() ? "" : at(std::prev(after)->text);
}

void NodeNames::clear() {
  text_.clear();
  names_.clear();
  prefixes_.clear();
}

}  // namespace gradus
