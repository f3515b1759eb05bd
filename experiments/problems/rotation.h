// Spectra and orthogonal matrices for quadratics.
#pragma once

#include <cstdint>
#include <vector>

#include "experiments/problems/problem.h"

namespace gradus::problems {

// The eigenvalues given, or `dimension` of them spread evenly in the logarithm from 1 / condition to 1. Throws
// std::invalid_argument for a negative one or a condition below 1.
std::vector<double> quadratic_spectrum(const Request& request);

// An orthogonal matrix [n, n] of float64, uniform by Haar's measure: Householder reflections of normal vectors (Stewart
// 1980).
Tensor random_rotation(std::int64_t n, std::uint64_t seed);

}  // namespace gradus::problems
