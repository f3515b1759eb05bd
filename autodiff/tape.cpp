#include "autodiff/tape.h"

#include <algorithm>
#include <string>

#include "autodiff/inspect.h"

namespace gradus {

void Var::refuse_undefined() { throw std::invalid_argument("Var: not of any tape"); }

Tape::Tape(DType type) : type_(type) {}
Tape::~Tape() = default;

Tape& Tape::inner() {
  if (!inner_) inner_ = std::make_unique<Tape>(type_);
  inner_->check_finite_ = check_finite_;
  return *inner_;
}

Var Tape::leaf(const Tensor& value) {
  if (!value.defined()) throw std::invalid_argument("leaf: undefined tensor");
  if (value.dtype() != type_ && value.dtype() != DType::int32)
    throw std::invalid_argument(std::string("leaf: tensor of ") + name_of(value.dtype()) + " on a tape of " +
                                name_of(type_));
  return add_node(nullptr, value, 0, 0);
}

Var Tape::copy(const Tensor& value) {
  if (!value.defined()) throw std::invalid_argument("copy: undefined tensor");
  const Tensor memory = allocate(value.shape());
  memory.copy_from(value);
  return add_node(nullptr, memory, 1, 0);
}

Var Tape::scalar(double value) {
  const Tensor memory = allocate({});
  memory.fill(value);
  return add_node(nullptr, memory, 1, 0);
}

Var Tape::add_node(const AnyOperation* operation, const Tensor& value, std::uint32_t first, std::uint32_t count,
                   bool in_place) {
  Node& node = nodes_.append();
  node.operation = operation;
  node.value = value;
  node.first_operand = first;
  node.operand_count = count;
  node.uses = 0;
  node.in_place = in_place;
  node.overwritten = false;
  const auto index = static_cast<std::uint32_t>(nodes_.size() - 1);
  if (check_finite_) [[unlikely]]
    Inspector(*this).check_result(index);
  return var(index);
}

Inputs Tape::read_operands(const char* title, int index_operand, std::span<const Var> operands,
                           const Tensor* (&in)[max_operands]) const {
  if (operands.size() > max_operands) throw std::invalid_argument(std::string(title) + ": more than 64 operands");
  std::fill_n(in, 3, nullptr);  // a rule with too few operands fails at once
  int count = 0;
  for (const Var& operand : operands) {
    check(title, operand);
    const Node& node = nodes_[operand.index_];
    if (node.overwritten) [[unlikely]]
      refuse_overwritten(title, operand.index_);
    const DType found = node.value.dtype();
    const bool index_expected = index_operand == count;
    if (found != (index_expected ? DType::int32 : type_)) wrong_operand(title, count, found, index_expected);
    in[count++] = &node.value;
  }
  return {in, count};
}

void Tape::count_uses(std::span<const Var> operands) {
  for (const Var& operand : operands) ++nodes_[operand.index_].uses;
}

Tape::Result Tape::memory_for(const Shape& shape, std::span<const Var> operands, Inputs in, bool may_overwrite) {
  if (may_overwrite)
    for (int i = 0; i < in.count; ++i) {
      const Var& operand = operands[static_cast<std::size_t>(i)];
      if (operand.last_use_ && in[i].shape() == shape && give_away(operand.index_)) return {in[i], true};
    }
  return {allocate(shape), false};
}

Var Tape::add_result(const AnyOperation* operation, const Result& result, std::span<const Var> operands) {
  const auto first = static_cast<std::uint32_t>(operands_.size());
  for (const Var& operand : operands) operands_.push_back(operand.index_);
  return add_node(operation, result.value, first, static_cast<std::uint32_t>(operands.size()), result.in_place);
}

Tensor Tape::allocate(const Shape& shape) {
  return Tensor::view(values_.allocate(static_cast<std::size_t>(shape.size()) * size_of(type_)), shape, type_);
}

void Tape::protect(const Var& var) {
  check("protect", var);
  if (nodes_[var.index_].overwritten) refuse_overwritten("protect", var.index_);
  ++nodes_[var.index_].uses;  // by whoever asked
}

bool Tape::give_away(std::uint32_t node) {
  // Through views down to the result that owns the memory. Each must have one use: the view of it, or the operation.
  std::uint32_t owner = node;
  for (;;) {
    const Node& n = nodes_[owner];
    if (!n.operation || n.uses != 1 || n.overwritten) return false;
    if (!n.operation->shares_memory()) break;
    const std::uint32_t whole = operands_[n.first_operand];
    if (nodes_[whole].value.size() != n.value.size()) return false;
    owner = whole;
  }
  const Reads reads = nodes_[owner].operation->rule_reads_what();
  if (reads == Reads::everything || reads == Reads::result) return false;
  for (; node != owner; node = operands_[nodes_[node].first_operand]) nodes_[node].overwritten = true;
  nodes_[owner].overwritten = true;
  return true;
}

void Tape::refuse_overwritten(const char* operation, std::uint32_t node) const {
  const Inspector nodes(*this);
  throw std::invalid_argument(
      std::string(operation) + ": " + nodes.reference(node) + " " + nodes.value(node).shape().to_string() +
      " was written over by what was its last use; protect() keeps a value, gradient() a record");
}

void Tape::refuse_read(std::uint32_t rule, std::uint32_t node, bool declared) const {
  if (declared) refuse_overwritten(nodes_[rule].operation->name(), node);
  throw std::logic_error(std::string(nodes_[rule].operation->name()) +
                         ": its derivative rule reads more than its rule_reads says");
}

void Tape::set_origin(std::uint32_t node) {
  const auto first = static_cast<std::uint32_t>(nodes_.size());
  if (origin() == node) return;
  if (!origins_.empty() && origins_.back().first == first)
    origins_.back().origin = node;  // the rule before recorded nothing
  else
    origins_.push_back({first, node});
}

void Tape::reset() {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (!nodes_[i].operation) nodes_[i].value = {};  // what leaves keep alive
  nodes_.clear();
  operands_.clear();
  values_.reset();
  adjoints_.reset();
  kept_.clear();
  if (inner_) inner_->reset();
  origins_.clear();
  if (annotations_) Inspector(*this).forget();
  ++generation_;
}

void Tape::check(const char* operation, const Var& var) const {
  if (!var.tape_) throw std::invalid_argument(std::string(operation) + ": an operand is not of any tape");
  if (var.tape_ != this) throw std::invalid_argument(std::string(operation) + ": operands belong to different tapes");
  if (var.generation_ != generation_ || var.index_ >= nodes_.size())
    throw std::invalid_argument(std::string(operation) + ": an operand is stale: its tape was reset after it was made");
}

void Tape::wrong_operand(const char* operation, int position, DType found, bool index_expected) const {
  throw std::invalid_argument(std::string(operation) + ": operand " + std::to_string(position) + " is " +
                              name_of(found) + ", expected " + name_of(index_expected ? DType::int32 : type_));
}

void Tape::find_paths(const char* operation, std::span<const Var> results, std::span<const Var> leaves) {
  std::uint32_t last = 0;
  for (const Var& result : results) {
    check(operation, result);
    last = std::max(last, result.index_);
  }
  on_path_.assign(last + 1, 0);
  for (const Var& leaf : leaves) {
    check(operation, leaf);
    if (leaf.index_ < on_path_.size()) on_path_[leaf.index_] = 1;
  }
  for (std::uint32_t i = 0; i <= last; ++i) {
    const Node& node = nodes_[i];
    for (std::uint32_t k = 0; k < node.operand_count && !on_path_[i]; ++k)
      on_path_[i] = on_path_[operands_[node.first_operand + k]];
  }
}

}  // namespace gradus
