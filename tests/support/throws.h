// What a call throws, for tests of what is refused.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace gradus {

// The message of the exception that `call` throws; empty if it throws nothing. One that is no Error passes through, and
// fails the test.
template <class Error = std::exception, class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// The same of a call that must be refused as the caller's mistake.
template <class F>
std::string refusal_of(F&& call) {
  return error_of<std::invalid_argument>(call);
}

}  // namespace gradus
