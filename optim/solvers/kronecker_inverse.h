// A matrix that is block-diagonal with Kronecker products for blocks, and its damped inverse: the heart of K-FAC.
#pragma once

#include <span>
#include <vector>

#include "optim/objective.h"
#include "optim/optimizer.h"

namespace gradus::optim {

// Moving averages of the factors, and the inverses of what they were when last inverted. Each kind lies in one tensor,
// so that its name does not depend on the model.
class KroneckerInverse {
 public:
  // Moves every factor towards those given: F <- weight F + (1 - weight) new. The first call takes the layout from the
  // blocks; later ones throw std::invalid_argument if that has changed.
  void update(const std::vector<KroneckerBlock>& blocks, double weight);
  // Inverts inputs + pi damping I and outputs + damping / pi I, pi^2 being the ratio of the traces by dimension
  // (Martens & Grosse 2015, section 6.3). Doubles the damping of a block where that is not positive definite. Returns
  // false if nothing helps, because a factor is not finite.
  bool invert(double damping);
  bool has_inverse() const { return inverses_.defined(); }

  // out = the inverse times the vector, zero where no block is; vectors of theta's length.
  void times(std::span<const ParameterSlice> slices, const Tensor& vector, const Tensor& out);
  // Sets what no block covers to zero, or calls f(slice) for each such part.
  template <class F>
  void for_each_other(std::span<const ParameterSlice> slices, const F& f) const {
    for (std::size_t i = 0; i < slices.size(); ++i)
      if (!covers(i)) f(slices[i]);
  }

  void visit(StateVisitor& visitor);

 private:
  struct Block {
    std::size_t weight;
    std::ptrdiff_t bias;
    std::int64_t inputs, outputs;  // rows of the factors
  };
  std::int64_t block_count() const { return layout_.defined() ? layout_.shape()[0] : 0; }
  Block block(std::int64_t i) const;
  bool covers(std::size_t slice) const;
  std::int64_t size() const;  // of all factors
  void take_layout(const std::vector<KroneckerBlock>& blocks);

  Tensor layout_;              // [blocks, 4] of float64: weight, bias, rows of the factors
  Tensor factors_, inverses_;  // inputs and outputs of each block, one after the other
  Tensor gathered_, product_;  // memory of times()
};

}  // namespace gradus::optim
