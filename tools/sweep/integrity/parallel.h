// The same for each of many, by several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace gradus::sweep {

// Calls call(i) for each i below the count, in any order; `pause` between two of them in the calling thread, and what
// that throws ends all. The calls throw nothing.
template <class Call>
void for_each_in_parallel(std::size_t count, int threads, const Call& call, const std::function<void()>& pause) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) call(i);
  };
  std::vector<std::jthread> others;
  for (int i = 1; i < threads && static_cast<std::size_t>(i) < count; ++i) others.emplace_back(work);
  try {
    for (std::size_t i = next++; i < count; i = next++) {
      pause();
      call(i);
    }
  } catch (...) {
    next = count;
    throw;
  }
}

}  // namespace gradus::sweep
