#include "process/signals.h"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <system_error>

namespace gradus {

void handle_signals(std::initializer_list<int> signals, void (*handler)(int)) {
  alignas(
      64) thread_local std::byte stack[64 * 1024];  // with room for the widest registers, which the kernel saves here
  const auto check = [](int result) {
    if (result != 0) throw std::system_error(errno, std::generic_category(), "cannot handle signals");
  };
  stack_t own{};
  own.ss_sp = stack;
  own.ss_size = sizeof stack;
  check(::sigaltstack(&own, nullptr));
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  for (const int signal : signals) check(::sigaction(signal, &action, nullptr));
}

}  // namespace gradus
