// The whole vocabulary.
#pragma once

#include <string>
#include <vector>

#include "autodiff/operations/activations.h"
#include "autodiff/operations/arithmetic.h"
#include "autodiff/operations/attention.h"
#include "autodiff/operations/attention_weights.h"
#include "autodiff/operations/batch_matmul.h"
#include "autodiff/operations/convolution.h"
#include "autodiff/operations/cumulative.h"
#include "autodiff/operations/dropout.h"
#include "autodiff/operations/gru.h"
#include "autodiff/operations/indexing.h"
#include "autodiff/operations/lstm.h"
#include "autodiff/operations/matmul.h"
#include "autodiff/operations/normalization.h"
#include "autodiff/operations/norms.h"
#include "autodiff/operations/permute.h"
#include "autodiff/operations/pooling.h"
#include "autodiff/operations/power.h"
#include "autodiff/operations/rectifiers.h"
#include "autodiff/operations/reductions.h"
#include "autodiff/operations/reverse.h"
#include "autodiff/operations/rnn.h"
#include "autodiff/operations/selection.h"
#include "autodiff/operations/shaping.h"
#include "autodiff/operations/softmax.h"

namespace gradus {

// The titles of all operations of the library (operations/all.cpp).
std::vector<std::string> operation_names();

}  // namespace gradus
