#include "autodiff/graph.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus {

std::uint32_t Graph::append(const AnyOperation* operation, const Tensor& value, std::uint32_t operand_count) {
  Node& node = nodes_.append();
  node.operation = operation;
  node.value = value;
  node.first_operand = static_cast<std::uint32_t>(operands_.size()) - operand_count;
  node.operand_count = operand_count;
  node.uses = 0;
  node.copied = false;
  node.in_place = false;
  node.overwritten = false;
  return size() - 1;
}

void Graph::clear() {
  const Tensor nothing;
  for (std::uint32_t i = 0, n = size(); i < n; ++i)
    if (is_leaf(i)) nodes_[i].value = nothing;  // what leaves keep alive
  nodes_.clear();
  operands_.clear();
  origins_.clear();
  names.clear();
}

void Graph::refuse_overwritten(std::uint32_t node, const char* asked_by) const {
  throw std::invalid_argument(
      fmt::format("{}: {} {} was written over by what was its last use; protect() keeps a value, gradient() a record",
                  asked_by, reference(node), nodes_[node].value.shape().to_string()));
}

void Graph::refuse_undeclared(const AnyOperation& operation) {
  throw std::logic_error(fmt::format("{}: its derivative rule reads more than its rule_reads says", operation.name()));
}

void Graph::set_origin(std::uint32_t node) {
  if (origin() == node) return;
  if (!origins_.empty() && origins_.back().first == size())
    origins_.back().origin = node;  // the rule before recorded nothing
  else
    origins_.push_back({size(), node});
}

std::uint32_t Graph::origin(std::uint32_t node) const {
  const auto after = std::ranges::upper_bound(origins_, node, {}, &Origin::first);
  return after == origins_.begin() ? no_node : std::prev(after)->origin;
}

const char* Graph::title(std::uint32_t node) const { return is_leaf(node) ? "leaf" : nodes_[node].operation->name(); }

std::string Graph::name(std::uint32_t node) const {
  const std::string chosen = names.chosen(node);
  return names.prefix(node) + (chosen.empty() ? fmt::format("{}_{}", title(node), node) : chosen);
}

std::string Graph::reference(std::uint32_t node) const {
  return names.chosen(node).empty() ? name(node) : fmt::format("{}#{}", name(node), node);
}

bool Graph::is_view(std::uint32_t node) const {
  const Node& n = nodes_[node];
  if (n.operand_count == 0 || n.in_place) return false;
  const Tensor& whole = nodes_[operand(node, 0)].value;
  const auto* memory = static_cast<const std::byte*>(whole.raw());
  return n.value.raw() >= memory && n.value.raw() < memory + whole.bytes();
}

}  // namespace gradus
