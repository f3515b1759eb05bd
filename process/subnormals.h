// Numbers too small for a full mantissa.
#pragma once

namespace gradus {

// From now on this thread, and threads that it starts, take subnormal numbers (below 1.2e-38 in float32) for zero. The
// averages of an optimizer decay into them wherever a gradient vanishes, and processors compute with them up to a
// hundred times slower. Programs of the lab call it first; a library must not decide this for its caller.
void flush_subnormals();

}  // namespace gradus
