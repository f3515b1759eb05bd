// The same for each of many, by several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace gradus::sweep {

// Calls call(i) for each i below the count, in any order; `pause` between two of them in the calling thread. What
// either throws first ends all, and is thrown.
template <class Call>
void for_each_in_parallel(std::size_t count, int threads, const Call& call, const std::function<void()>& pause) {
  std::atomic<std::size_t> next = 0;
  std::once_flag thrown;
  std::exception_ptr trouble;
  const auto work = [&](const auto& before_each) {
    try {
      for (std::size_t i = next++; i < count; i = next++) {
        before_each();
        call(i);
      }
    } catch (...) {
      next = count;
      std::call_once(thrown, [&] { trouble = std::current_exception(); });
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      for (int i = 1; i < threads && static_cast<std::size_t>(i) < count; ++i)
        others.emplace_back([&] { work([] {}); });
    } catch (const std::system_error&) {  // no more threads are to be had: those that there are do it
    }
    work(pause);
  }
  if (trouble) std::rethrow_exception(trouble);
}

}  // namespace gradus::sweep
