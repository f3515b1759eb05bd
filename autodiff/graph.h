// What a tape has recorded: its nodes in order, with their values. The tape appends, the sweeps read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "autodiff/any_operation.h"
#include "autodiff/node_names.h"
#include "autodiff/stable_vector.h"

namespace gradus {

class Graph {
 public:
  static constexpr std::uint32_t no_node = 0xffffffff;
  struct Node {
    const AnyOperation* operation = nullptr;  // null for a leaf
    Tensor value;
    std::uint32_t first_operand = 0, operand_count = 0;
    std::uint32_t uses = 0;    // as an operand
    bool copied = false;       // a leaf whose numbers lie in the tape's memory
    bool in_place = false;     // it was written over an operand
    bool overwritten = false;  // another result was written over it
  };

  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  Node& operator[](std::uint32_t node) { return nodes_[node]; }
  const Node& operator[](std::uint32_t node) const { return nodes_[node]; }
  std::uint32_t operand(std::uint32_t node, int i) const {
    return operands_[nodes_[node].first_operand + static_cast<std::uint32_t>(i)];
  }
  std::span<const std::uint32_t> operands(std::uint32_t node) const {
    return std::span(operands_).subspan(nodes_[node].first_operand, nodes_[node].operand_count);
  }

  // An operand of the node that is appended next, and that node; returns its index.
  void add_operand(std::uint32_t node) { operands_.push_back(node); }
  std::uint32_t append(const AnyOperation* operation, const Tensor& value, std::uint32_t operand_count = 0);
  void clear();

  // A value; throws std::invalid_argument if it was written over.
  const Tensor& value(std::uint32_t node, const char* asked_by) const {
    if (nodes_[node].overwritten) [[unlikely]]
      refuse_overwritten(node, asked_by);
    return nodes_[node].value;
  }
  // The value of a node, for the rule of one that may be itself or depend on it; throws std::logic_error if the rule
  // has not declared that it reads it.
  const Tensor& read_by_rule(std::uint32_t rule, std::uint32_t node) const {
    const AnyOperation& operation = *nodes_[rule].operation;
    const Reads reads = operation.rule_reads_what();
    if (reads != Reads::everything && reads != (node == rule ? Reads::result : Reads::operands)) [[unlikely]]
      refuse_undeclared(operation);
    if (nodes_[node].overwritten) [[unlikely]]
      refuse_overwritten(node, operation.name());
    return nodes_[node].value;
  }

  // The nodes that follow are recorded by the derivative rule of this one, or by the caller (no_node).
  void set_origin(std::uint32_t node);
  std::uint32_t origin() const { return origins_.empty() ? no_node : origins_.back().origin; }
  // The node whose rule recorded this one, or no_node.
  std::uint32_t origin(std::uint32_t node) const;

  NodeNames names;
  const char* title(std::uint32_t node) const;      // of the operation, or "leaf"
  std::string name(std::uint32_t node) const;       // "encoder.0.hidden", or "encoder.0.matmul_12"
  std::string reference(std::uint32_t node) const;  // "encoder.0.hidden#12": no two nodes have the same
  bool is_leaf(std::uint32_t node) const { return !nodes_[node].operation; }
  bool is_view(std::uint32_t node) const;

 private:
  struct Origin {
    std::uint32_t first, origin;  // the nodes from `first` on come from the rule of `origin`
  };
  [[noreturn]] void refuse_overwritten(std::uint32_t node, const char* asked_by) const;
  [[noreturn]] static void refuse_undeclared(const AnyOperation& operation);

  StableVector<Node> nodes_;  // rules and callers hold references to values while more is recorded
  std::vector<std::uint32_t> operands_;
  std::vector<Origin> origins_;
};

}  // namespace gradus
