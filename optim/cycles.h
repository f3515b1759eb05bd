// Where a step is in cycles that grow.
#pragma once

#include <cstdint>

namespace gradus::optim {

// Cycles of length, length growth, length growth^2, ... steps, the first of which begins at step 0. The part of its
// cycle that is left at step t: 1 where a cycle begins, nearly 0 before the next. Growth >= 1 is the decimal number
// that it is written as (1.2 is 6/5), and a cycle that ends at a whole step ends there.
double left_of_cycle(std::int64_t t, std::int64_t length, double growth);

}  // namespace gradus::optim
