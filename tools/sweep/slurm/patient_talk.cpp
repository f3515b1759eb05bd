#include "tools/sweep/slurm/patient_talk.h"

#include <fmt/format.h>

#include "tools/sweep/patience.h"

namespace gradus::sweep {

void PatientTalk::bear(const SlurmTrouble& trouble) {
  using Kind = SlurmTrouble::Kind;
  if (trouble.kind == Kind::refused) throw trouble;
  const auto now = std::chrono::steady_clock::now();
  if (trouble.kind == Kind::full)
    since_.reset();
  else if (!since_ || trouble.kind != kind_)
    since_ = now;
  kind_ = trouble.kind;
  const auto most = trouble.kind == Kind::unknown ? slurm_patience() / 100 : slurm_patience();
  if (since_ && now - *since_ > most)
    throw SlurmTrouble(fmt::format("{}: for {:.0f} s; what is in the queue stays there, and the same command goes on",
                                   trouble.what(), std::chrono::duration<double>(now - *since_).count()),
                       trouble.kind);
  if (trouble.what() == said_) return;
  said_ = trouble.what();
  say_(said_ + ": waits for it");
}

}  // namespace gradus::sweep
