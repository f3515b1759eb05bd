// Scores for labels that the model itself draws: with them, Linearization::fisher_times multiplies by an unbiased
// estimate of the Fisher information (Amari 1998; Martens 2020, section 5).
#pragma once

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/tensor.h"

namespace gradus {

// softmax(logits) - onehot(y), y drawn from softmax(logits); logits and scores [n, classes].
void categorical_scores(const Tensor& logits, RandomStream& random, const Tensor& scores);

// outputs - y with y drawn from the normal distribution around the outputs with unit variance: the likelihood behind
// half the sum of squared errors. Any shape.
void normal_scores(RandomStream& random, const Tensor& scores);

// p - y with p the logistic function of each logit and y drawn from {0, 1} with that chance. Any shape.
void bernoulli_scores(const Tensor& logits, RandomStream& random, const Tensor& scores);

}  // namespace gradus
