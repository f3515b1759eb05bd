#include "autodiff/curvature/eigenpairs.h"

namespace gradus {

const char* name_of(Stopped reason) {
  switch (reason) {
    case Stopped::converged:
      return "converged";
    case Stopped::invariant_subspace:
      return "invariant_subspace";
    case Stopped::product_limit:
      return "product_limit";
    case Stopped::rounding:
      return "rounding";
    case Stopped::not_finite:
      return "not_finite";
  }
  return "unknown";
}

}  // namespace gradus
