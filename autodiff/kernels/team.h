// The threads that share the work of a kernel.
#pragma once

#include <algorithm>
#include <cstdint>

namespace gradus::kernels {

// How many threads a kernel may use; 1 until set. The results are the same bits for every number.
void set_threads(int threads);
int threads();

namespace detail {
using CallPart = void (*)(const void* work, std::int64_t part);
void share(std::int64_t parts, CallPart call, const void* work);
}  // namespace detail

// Calls work(part) for part = 0, 1, ... parts - 1, which the threads share: in any order, several at once, and each a
// run of neighbours as far as all are equally fast, so that the next kernel finds its numbers in the same cache. What
// parts there are must follow from the shapes alone, and no part may read what another one writes: then the number of
// threads decides on no bit. The first exception is thrown here: after all parts, or, where they come one after the
// other, instead of the rest. So they come within a part, and while another thread of the caller's shares work.
template <class Work>
void share(std::int64_t parts, const Work& work) {
  if (parts > 1 && threads() > 1)
    return detail::share(
        parts, [](const void* w, std::int64_t part) { (*static_cast<const Work*>(w))(part); }, &work);
  for (std::int64_t part = 0; part < parts; ++part) work(part);
}

// Calls work(first, end) for ranges of `step` items that together are [0, n): fewer than two steps in one call.
template <class Work>
void share_ranges(std::int64_t n, std::int64_t step, const Work& work) {
  if (n < 2 * step) return work(std::int64_t{0}, n);
  share((n + step - 1) / step, [&](std::int64_t part) { work(part * step, std::min(n, (part + 1) * step)); });
}

// Elements of a range that is worth a thread, where a pass does little with each. A multiple of every vector's length.
constexpr std::int64_t shared_elements = 16 * 1024;

// Rows of n elements that are worth a thread together: a multiple of 16.
inline std::int64_t shared_rows(std::int64_t n, std::int64_t elements = shared_elements) {
  return (elements / std::max<std::int64_t>(n, 1) / 16 + 1) * 16;
}

}  // namespace gradus::kernels
