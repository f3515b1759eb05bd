// A number every few steps that tells whether two trainings have had the same parameters, bit for bit, until then.
#pragma once

#include <cstdint>
#include <map>

#include "autodiff/tensor/tensor.h"
#include "experiments/records/run_table.h"
#include "optim/state_visitor.h"

namespace gradus::lab {

class Run;
struct Again;

// Each is the XXH3 hash, of 64 bits, of the parameters' bytes and of the number before it. The table "fingerprint" has
// its halves, since a column is of doubles. A run that is computed again is compared with the one that it was.
class Fingerprint {
 public:
  explicit Fingerprint(Run& run);
  void visit(optim::StateVisitor& visitor);
  // After so many steps. Throws std::runtime_error where the run that is computed again had other parameters.
  void look(std::int64_t step, const Tensor& theta);
  // At the end, whether it is due or not.
  void look_last(std::int64_t step, const Tensor& theta);

 private:
  void expect(const Again& again);
  std::uint64_t hash(const Tensor& theta) const;
  void write(std::int64_t step, std::uint64_t hash);

  std::int64_t every_;
  std::uint64_t chain_ = 0;
  records::RunTable* table_ = nullptr;
  std::map<std::int64_t, std::uint64_t> expected_;
  std::string expected_of_;
};

}  // namespace gradus::lab
