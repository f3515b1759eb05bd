#include "autodiff/tape.h"

#include <fmt/format.h>

#include "autodiff/finite_check.h"

namespace gradus {

void Var::refuse_undefined() { throw std::invalid_argument("Var: not of any tape"); }

Tape::Tape(DType type) : type_(type), state_(type) {}
Tape::~Tape() = default;

Tape& Tape::inner() {
  if (!inner_) inner_ = std::make_unique<Tape>(type_);
  inner_->check_finite_ = check_finite_;
  return *inner_;
}

Var Tape::leaf(const Tensor& value) {
  if (!value.defined()) throw std::invalid_argument("leaf: undefined tensor");
  if (value.dtype() != type_ && value.dtype() != DType::int32)
    throw std::invalid_argument(
        fmt::format("leaf: tensor of {} on a tape of {}", name_of(value.dtype()), name_of(type_)));
  return at(graph_.append(nullptr, value));
}

Var Tape::copy(const Tensor& value) {
  if (!value.defined()) throw std::invalid_argument("copy: undefined tensor");
  const Tensor memory = allocate(value.shape());
  memory.copy_from(value);
  return add_copied_leaf(memory);
}

Var Tape::scalar(double value) {
  const Tensor memory = allocate({});
  memory.fill(value);
  return add_copied_leaf(memory);
}

Var Tape::add_copied_leaf(const Tensor& memory) {
  const std::uint32_t node = graph_.append(nullptr, memory);
  graph_[node].copied = true;
  return at(node);
}

Inputs Tape::use_operands(const char* title, int index_operand, std::span<const Var> operands,
                          const Tensor* (&in)[max_operands]) {
  if (operands.size() > max_operands)
    throw std::invalid_argument(fmt::format("{}: more than {} operands", title, max_operands));
  int count = 0;
  for (const Var& operand : operands) {
    check(title, operand);
    const Tensor& value = graph_.value(operand.index_, title);
    const DType expected = index_operand == count ? DType::int32 : type_;
    if (value.dtype() != expected) [[unlikely]]
      throw std::invalid_argument(
          fmt::format("{}: operand {} is {}, expected {}", title, count, name_of(value.dtype()), name_of(expected)));
    ++graph_[operand.index_].uses;  // also by an operation that is refused: then nothing is written over the operand
    in[count++] = &value;
  }
  return {in, count};
}

Tape::Memory Tape::memory_for(const Shape& shape, std::span<const Var> operands, Inputs in, bool may_overwrite) {
  if (may_overwrite)
    for (int i = 0; i < in.count; ++i) {
      const Var& operand = operands[static_cast<std::size_t>(i)];
      if (operand.last_use_ && in[i].shape() == shape && give_away(graph_, operand.index_)) return {in[i].raw(), true};
    }
  return {allocate(shape).raw()};
}

Var Tape::add_result(const AnyOperation* operation, const Tensor& value, bool in_place, std::span<const Var> operands) {
  for (const Var& operand : operands) graph_.add_operand(operand.index_);
  const std::uint32_t node = graph_.append(operation, value, static_cast<std::uint32_t>(operands.size()));
  graph_[node].in_place = in_place;
  if (check_finite_) [[unlikely]]
    check_result(graph_, node);
  return at(node);
}

Tensor Tape::allocate(const Shape& shape) {
  return Tensor::view(values_.allocate(static_cast<std::size_t>(shape.size()) * size_of(type_)), shape, type_);
}

void Tape::protect(const Var& var) {
  check("protect", var);
  graph_.value(var.index_, "protect");
  ++graph_[var.index_].uses;  // by whoever asked
}

void Tape::reset() {
  graph_.clear();
  values_.reset();
  state_.pool.reset();
  state_.account.forget();
  kept_.clear();
  if (inner_) inner_->reset();
  ++generation_;
}

void Tape::refuse(const char* operation, const Var& var) const {
  const char* wrong = !var.tape_          ? "an operand is not of any tape"
                      : var.tape_ != this ? "operands belong to different tapes"
                                          : "an operand is stale: its tape was reset after it was made";
  throw std::invalid_argument(fmt::format("{}: {}", operation, wrong));
}

Var Tape::name(const Var& var, std::string_view text) {
  check("name", var);
  graph_.names.set(var.index_, text);
  return var;
}

std::string Tape::name(const Var& var) const {
  check("name", var);
  return graph_.name(var.index_);
}

void Tape::check_finite(bool on) {
  check_finite_ = on;
  if (inner_) inner_->check_finite(on);
}

}  // namespace gradus
