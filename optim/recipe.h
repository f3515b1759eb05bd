// Everything that makes an optimizer: the method, what is around it, and how its numbers change.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "optim/groups.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "optim/wrapper.h"

namespace gradus::optim {

struct Recipe {
  struct Wrapped {
    std::string name;
    NamedValues values = {};
  };
  struct Scheduling {
    std::string hyperparameter;  // of the method or of a wrapper
    std::string schedule;
    NamedValues values = {};
  };

  std::string method = "sgd";
  NamedValues values = {};
  std::vector<Wrapped> wrappers = {};      // outermost first
  std::vector<Scheduling> schedules = {};  // outside of all wrappers: they count calls of step()
  std::vector<Group> groups = {};          // around the method itself, inside of all wrappers
  RandomStream stream = RandomStream(0);  // of what the method and the wrappers draw; of a run: run.stream("optimizer")
  DType dtype = DType::float64;           // of the parameters: numbers must be in their ranges as numbers of it
  std::shared_ptr<const Method> own = nullptr;  // of the caller, in place of one of the list; `method` is its name
};

// That of the list, or the caller's own.
const Method& method_of(const Recipe& recipe);

// "clip_by_norm+lookahead" as names, outermost first; empty or "none" for none. Throws std::invalid_argument for an
// unknown wrapper or one that is there twice.
std::vector<std::string> parse_wrappers(std::string_view text);

// Hyperparameters that are not given have their defaults. Throws std::invalid_argument, in one line, for an unknown
// name, a value out of range, a schedule of what cannot be scheduled, and a combination that makes no sense.
std::unique_ptr<Optimizer> make_optimizer(const Recipe& recipe);

// What decides on the meaning of the state: the names of method, wrappers, schedules and groups, and the counts, flags
// and choices; not the numbers, which may be others when a run is continued.
std::string signature(const Recipe& recipe);

}  // namespace gradus::optim
