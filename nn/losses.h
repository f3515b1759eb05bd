// Losses: the mean over the batch, a scalar.
#pragma once

#include "autodiff/operations.h"

namespace gradus::nn {

// From logits [batch, classes] and labels [batch] of int32 or, otherwise, targets [batch, classes]; in nats.
Var cross_entropy(const Var& logits, const Var& targets);

// mean (prediction - target)^2 over all elements; equal shapes.
Var mean_squared_error(const Var& prediction, const Var& target);

// Mean over all elements of d^2 / 2 where |d| <= delta, and delta (|d| - delta / 2) elsewhere; d = prediction - target.
// Huber (1964).
Var huber(const Var& prediction, const Var& target, double delta = 1);

}  // namespace gradus::nn
