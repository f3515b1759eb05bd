// Whether this is built with the sanitizers. The numbers are those of a release, and cost ten times as much: a test of
// numbers alone does a part there, in which every line of what it tests still runs.
#pragma once

namespace gradus {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace gradus
