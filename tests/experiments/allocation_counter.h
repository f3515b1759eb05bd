// Counts the calls of operator new in the program that links allocation_counter.cpp.
#pragma once

#include <cstdint>

namespace gradus::lab {
std::int64_t allocation_count();
}
