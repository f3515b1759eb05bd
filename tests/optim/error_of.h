// For tests of what is refused.
#pragma once

#include <stdexcept>
#include <string>

namespace gradus::optim {

// The message of the std::invalid_argument that `f` throws; empty if it throws nothing.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace gradus::optim
