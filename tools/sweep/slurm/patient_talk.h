// Asking Slurm's controller again where it did not answer.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "tools/sweep/slurm/slurm_trouble.h"

namespace gradus::sweep {

// For one thing that it is asked for, and asked for again.
class PatientTalk {
 public:
  // `say` tells the user of trouble: a line, once until it has passed.
  explicit PatientTalk(std::function<void(const std::string&)> say) : say_(std::move(say)) {}

  // Whether the call has done what it was to do; otherwise it is to be made again, later. Throws SlurmTrouble for what
  // is wrong with what was asked, and for other trouble when it has lasted for slurm_patience() (patience.h), or a
  // hundredth of that where Slurm's words tell nothing. A controller that only takes no more is waited for for ever.
  template <class Call>
  bool done(const Call& call) {
    try {
      call();
    } catch (const SlurmTrouble& trouble) {
      bear(trouble);
      return false;
    }
    since_.reset();
    said_.clear();
    return true;
  }

 private:
  void bear(const SlurmTrouble& trouble);

  std::function<void(const std::string&)> say_;
  std::string said_;
  std::optional<std::chrono::steady_clock::time_point> since_;
  SlurmTrouble::Kind kind_ = SlurmTrouble::Kind::unknown;  // since then
};

}  // namespace gradus::sweep
