// Counts allocations in the program that links allocation_counter.cpp, by who asked for the memory.
#pragma once

#include <cstdint>

namespace gradus::lab {

struct Allocations {
  std::int64_t ours = 0;    // every call of new, malloc and the like, but for
  std::int64_t onednn = 0;  // those made by code of libdnnl itself: dnnl_sgemm takes its packing buffers with each call
};
Allocations allocations();

}  // namespace gradus::lab
