// An optimizer from outside: another program takes the steps, and is asked and told over a pipe (docs/external.md).
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "optim/optimizer.h"

namespace gradus::lab {

inline constexpr const char* external_name = "external";

struct ExternalCommand {
  std::string command;       // for sh -c
  std::string why_not_kept;  // its state; empty: it is kept, as far as is known before its first step
};

// The state that a checkpoint would hold is not to be had.
struct StateNotKept : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The method "external", which has no hyperparameters. Its optimizer starts the command at its first step, and ends it
// with itself. A step costs one gradient; it throws std::runtime_error, in one line, where the program ends, answers
// what it should not or says what went wrong, and Diverged where the theta that it answers is not finite. Its state is
// what the program gives to be saved: one that is restored starts the program anew and gives it back.
// Without a command it is a description alone.
std::shared_ptr<const optim::Method> external_method(std::shared_ptr<ExternalCommand> external);

}  // namespace gradus::lab
