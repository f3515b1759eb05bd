#include "autodiff/checkpoint.h"

#include <vector>

#include "autodiff/gradient.h"
#include "autodiff/operations/shaping.h"

namespace gradus {

Var checkpoint(Segment segment, std::span<const Var> inputs) {
  if (inputs.empty()) throw std::invalid_argument("checkpoint: no inputs");
  Tape& tape = inputs[0].tape();
  const Segment* kept = tape.keep(std::move(segment));
  Tape& inner = tape.inner();
  inner.reset();
  std::vector<Var> leaves;
  for (const Var& input : inputs) leaves.push_back(inner.leaf(input.value()));
  const Tensor& value = (*kept)(inner, leaves).value();
  return tape.record(Checkpoint{kept, &inner, &value}, inputs);
}

void Checkpoint::evaluate(Inputs, const Tensor& out, bool accumulate) const {
  if (accumulate) throw std::logic_error("checkpoint: its value is copied once, when it is recorded");
  out.copy_from(*first_value);
}

void Checkpoint::rerun(EagerSweep& s) const {
  inner->reset();
  std::vector<Var> leaves, wanted;
  std::vector<EagerValue> derivatives;
  std::vector<Tensor> out;
  for (int i = 0; i < s.count(); ++i) leaves.push_back(inner->leaf(s.in(i).tensor()));
  for (int i = 0; i < s.count(); ++i) {
    if (!s.wants(i)) continue;
    wanted.push_back(leaves[static_cast<std::size_t>(i)]);
    derivatives.push_back(s.temporary(s.shape(i)));
    out.push_back(derivatives.back().tensor());
  }
  gradus::vjp((*segment)(*inner, leaves), s.dy().tensor(), wanted, out);
  std::size_t next = 0;
  for (int i = 0; i < s.count(); ++i)
    if (s.wants(i)) s.to(i, [&] { return derivatives[next++]; });
}

void Checkpoint::rerun(RecordingSweep& s) const {
  // The segment once more, this time onto the tape itself, so that its derivative can be differentiated. It reads
  // views: one input may depend on another, and only the direct derivatives are wanted here.
  Tape& tape = s.dy().tape();
  std::vector<Var> inputs, wanted;
  for (int i = 0; i < s.count(); ++i) {
    inputs.push_back(reshape(s.in(i), s.shape(i)));
    if (s.wants(i)) wanted.push_back(inputs.back());
  }
  const std::vector<Var> derivatives = record_vjp((*segment)(tape, inputs), s.dy(), wanted);
  std::size_t next = 0;
  for (int i = 0; i < s.count(); ++i)
    if (s.wants(i)) s.to(i, [&] { return derivatives[next++]; });
}

}  // namespace gradus
