// Who works on a run: any number of sweeps share a folder, on one machine or on several, and a run is one's at a time.
//
// OUTPUT/.claims/ID/N is the N-th claim on a run: host, process, and how it ended where it left no result, sealed then.
// It appears in one step (link): of several that want the number one gets it. Its owner holds a lock on it, which the
// supervisor of its program shares. The next number may be taken
//   where locks work:  when the lock is free: its owner and all that it had started are gone. Some mounts keep locks to
//                      their own host, though, so that another host's claim must also have shown no heartbeat, the
//                      file's time of change, for silence_of_hosts() (patience.h);
//   where they do not: when no such process lives on this host, or, of another host, when its heartbeat is older than
//                      claim_patience().
// A heartbeat that is missed proves no death. Without locks, and after a claim of another host, an attempt therefore
// has a folder of its own, and what comes later from an owner that was taken for dead is never counted (attempt.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>

#include "experiments/records/descriptor.h"

namespace gradus::sweep {

// How an attempt ended that left no result.
struct Failure {
  int code = 0;
  std::string reason;
};

// Somebody else's.
struct Busy {
  std::string owner;  // "process 12 on host", for messages
};

class Claim {
 public:
  Claim(Claim&&) = default;
  Claim& operator=(Claim&&) = default;

  const std::string& id() const { return id_; }
  std::int64_t number() const { return number_; }
  // Held by the supervisor of the program too: the run is nobody else's as long as one of them lives.
  int descriptor() const { return file_.get(); }
  // Whether it is certain that nobody else works on the run.
  bool is_locked() const { return locked_; }
  // Tells the others that it is still worked on. False if one of them took it for dead.
  bool beat();
  // The run has a result, or is to go on another time: nothing is remembered of it. Never throws.
  void release();
  // It left no result. Never throws: it is then as if its owner had died.
  void fail(const Failure& failure);

 private:
  friend class Claims;
  Claim(std::filesystem::path folder, std::string id, std::int64_t number, records::Descriptor file, bool locked,
        std::string text)
      : folder_(std::move(folder)),
        id_(std::move(id)),
        number_(number),
        file_(std::move(file)),
        locked_(locked),
        text_(std::move(text)) {}
  bool is_there() const;          // the file of its number is still its own
  std::filesystem::path folder_;  // OUTPUT/.claims/ID
  std::string id_;
  std::int64_t number_;
  records::Descriptor file_;
  bool locked_;
  std::string text_;  // of the file
};

class Claims {
 public:
  // Notes which claims are there already: a failure that ended one of them is an earlier sweep's, unless it was in the
  // same session (lock.h); an empty one is nobody else's. Throws records::SystemError.
  Claims(const std::filesystem::path& output, std::string session);
  ~Claims();
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;

  // The run is the caller's, or somebody else's, or has failed in the hands of another sweep since this one, or their
  // session, began. Throws records::SystemError.
  std::variant<Claim, Busy, Failure> take(const std::string& id);

  // How a run has failed in the hands of another sweep since then, if it has. Throws records::SystemError.
  std::optional<Failure> failure_of(const std::string& id) const;

  // The number of the last claim on a run. Throws records::SystemError.
  static std::optional<std::int64_t> last(const std::filesystem::path& output, const std::string& id);
  // How the last attempt on each run ended that has no result: what OUTPUT/.claims says now.
  static std::map<std::string, Failure> failures(const std::filesystem::path& output);
  // Who works on what now.
  static std::map<std::string, Busy> owners(const std::filesystem::path& output);

 private:
  std::filesystem::path folder_, mine_;  // OUTPUT/.claims, and a file of this process's alone in it
  std::string text_;                     // of a claim of this process
  std::string session_;
  std::optional<Failure> recent_failure(const std::string& id, std::int64_t number, const nlohmann::json& claim) const;
  std::map<std::string, std::int64_t> earlier_;
};

}  // namespace gradus::sweep
