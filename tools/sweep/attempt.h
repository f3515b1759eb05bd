// One attempt on a run: where it writes, what of an earlier one it goes on from, and how its result takes the run's
// name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "tools/sweep/claim.h"
#include "tools/sweep/inventory.h"
#include "tools/sweep/job.h"
#include "tools/sweep/planner.h"

namespace gradus::sweep {

// Without locks, OUTPUT/.attempts/ID/result is a link to the complete.json of the attempt whose result is the run's:
// whoever makes it, which only one can, moves the folder, and whoever finds it without that moves it for the other.

// What the run's own folder says, if that settles it: it has a result that counts for the step, also one that somebody
// has made since the plan.
std::optional<RunRecord> result_of(const Job& job, const Step& step);

// Where attempts on a run write: its place, or beside it, and those of attempts without locks.
std::vector<std::filesystem::path> folders_of(const Job& job, const Step& step);

// Where an attempt without a result came to.
struct Furthest {
  std::filesystem::path folder;
  std::int64_t step;
};
// Of the attempts on a run the one that came furthest and can be gone on with; none where the next begins anew.
std::optional<Furthest> furthest_attempt(const Job& job, const Step& step);

class Attempt {
 public:
  Attempt(const Job& job, const Step& step, Claim claim);

  // Where it writes: in the run's place, beside a run that is made anew (ID.rebuild), or, without locks, in
  // OUTPUT/.attempts/ID/ID.N-NONCE.
  const std::filesystem::path& folder() const { return folder_; }
  // What its program prints: in OUTPUT/logs, by the folder's name.
  std::filesystem::path log() const;
  Claim& claim() { return claim_; }
  // A result that an earlier attempt has left, and that did not come to its place any more: it is this one's then.
  std::optional<RunRecord> finished();
  // Why nothing is to be done here: what is there cannot be read, or somebody writes into it. Empty where there is
  // nothing against it. Throws records::SystemError.
  std::string obstacle() const;
  // Whether it goes on from a checkpoint of an earlier attempt, unless `anew`; removes what it does not go on from.
  // Throws records::SystemError.
  bool prepare(bool anew);
  // Its folder takes the run's name. Returns what that says then: of another attempt that was first, where there was
  // one. Throws records::SystemError.
  RunRecord settle(const RunRecord& own);
  // What has paused takes it too, for others to see. Throws records::SystemError.
  void keep_pause();
  // The log takes the run's name: of a run that is made anew, only with a result.
  void keep_log(bool has_result) const;

 private:
  std::optional<std::int64_t> goes_on_at(const std::filesystem::path& folder) const;
  void bring_earlier_attempt() const;
  std::optional<std::filesystem::path> chosen_attempt() const;
  bool move_to_name(const std::filesystem::path& folder) const;
  std::optional<RunRecord> take_name() const;
  void forget_attempts() const;

  const Job* job_;
  const Step* step_;
  Claim claim_;
  std::filesystem::path folder_;
};

}  // namespace gradus::sweep
