// What Slurm's commands complain of, and whether it may pass by itself.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace gradus::sweep {

// A command did not do what it was asked for; the message is its own.
struct SlurmTrouble : std::runtime_error {
  enum class Kind {
    away,     // the controller does not answer, or is not reached
    full,     // it answers, and takes no more for now
    refused,  // what was asked for is wrong, and stays so
    unknown   // by its words it may be any of these
  };
  SlurmTrouble(const std::string& what, Kind what_kind) : std::runtime_error(what), kind(what_kind) {}
  Kind kind;
};

// By the words of the command.
SlurmTrouble::Kind trouble_in(std::string_view errors);

}  // namespace gradus::sweep
